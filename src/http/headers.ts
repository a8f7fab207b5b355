import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import helmet from 'helmet'

/** Two years, as the preload list of browsers asks for. */
export const HSTS = { maxAge: 63_072_000, includeSubDomains: true }

/** Sets security headers on every response, including errors. Pages replace the content security policy in their handlers. */
export function securityHeaders(app: FastifyInstance, { hsts }: { hsts: boolean }): void {
  const fixed = helmetHeaders({ hsts })
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(fixed).header('x-request-id', request.id).header('cache-control', 'no-store')
    done()
  })
}

/** What helmet sets depends on no request: it writes to one answer at the start, and every other gets a copy. */
function helmetHeaders({ hsts }: { hsts: boolean }) {
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  const write = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    strictTransportSecurity: hsts ? HSTS : false,
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
    crossOriginResourcePolicy: { policy: 'same-site' },
    crossOriginEmbedderPolicy: false,
  })
  write(request, response, () => undefined)
  return response.getHeaders()
}

/** Allows the hosts that Apollo Sandbox loads from. Its page also sets a nonce policy of its own. */
export const SANDBOX_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline' https://embeddable-sandbox.cdn.apollographql.com",
  "style-src 'self' 'unsafe-inline' https://fonts.googleapis.com https://embeddable-sandbox.cdn.apollographql.com",
  'font-src https://fonts.gstatic.com',
  "img-src 'self' data: https://apollo-server-landing-page.cdn.apollographql.com",
  "manifest-src 'self' https://apollo-server-landing-page.cdn.apollographql.com",
  "connect-src 'self'",
  'frame-src https://sandbox.embed.apollographql.com',
].join('; ')
