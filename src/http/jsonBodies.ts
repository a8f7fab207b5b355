import type { FastifyInstance } from 'fastify'

/** A body that cannot be taken as it is: answered with its status. */
class UnreadableBody extends Error {
  readonly statusCode = 415
}

/** Takes JSON in UTF-8 and nothing else: no form can send it, and no other charset can hide what it says (RFC 8259 §8.1). */
export function jsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1] ?? 'utf-8'
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (!/^utf-?8$/i.test(charset) || encoding !== 'identity') done(new UnreadableBody())
    // Nothing at all is what a client sends that lets its cookie speak.
    else if (body === '') done(null, undefined)
    else void parse(request, body as string, done)
  })
}
