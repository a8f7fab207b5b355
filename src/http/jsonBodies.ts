import type { FastifyInstance } from 'fastify'
import { decodeUtf8 } from '../lib/utf8'

/** A body that is rejected with this status. */
class UnreadableBody extends Error {
  constructor(readonly statusCode: 400 | 415) {
    super()
  }
}

/** Accepts only JSON in UTF-8 (RFC 8259 §8.1): an HTML form cannot send it, and another charset cannot disguise its content. */
export function jsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8'
    const encoding = request.headers['content-encoding'] ?? 'identity'
    const readable = /^utf-?8$/i.test(charset) && encoding === 'identity'
    const text = readable ? decodeUtf8(body as Buffer) : null
    if (text === null) done(new UnreadableBody(readable ? 400 : 415))
    // An empty body is allowed: clients that use the cookie send none.
    else if (text === '') done(null, undefined)
    else void parse(request, text, done)
  })
}
