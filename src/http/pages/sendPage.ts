import type { FastifyReply } from 'fastify'
import type { Html } from './html'

/** A page may run its own script and send requests to its own server, nothing else. */
const POLICY = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'connect-src': "'self'",
  'img-src': "'self'",
  // Forms are sent by the script alone: a browser's own submit could put their fields into a URL.
  'form-action': "'none'",
  'base-uri': "'none'",
  'frame-ancestors': "'none'",
  'require-trusted-types-for': "'script'",
}

/**
 * A URL as a source of the content security policy: its query does not belong there, and a comma or semicolon in its path would
 * end the directive.
 */
export function imageSource(url: string): string {
  const { origin, pathname } = new URL(url)
  return origin + pathname.replaceAll(',', '%2C').replaceAll(';', '%3B')
}

/** Sends a page that is neither cached nor framed, and sends no Referer. `policy` adds to its content security policy, or replaces parts. */
export function sendPage(reply: FastifyReply, page: Html, policy: Record<string, string> = {}): FastifyReply {
  const directives = Object.entries({ ...POLICY, ...policy }).map(([name, sources]) => `${name} ${sources}`)
  return reply
    .header('content-security-policy', directives.join('; '))
    .header('referrer-policy', 'no-referrer')
    .header('cache-control', 'no-store')
    .header('x-content-type-options', 'nosniff')
    .type('text/html; charset=utf-8')
    .send(page.markup)
}
