import type { FastifyInstance } from 'fastify'

/** A body that cannot be taken as it is: answered with its status. */
class UnreadableBody extends Error {
  constructor(readonly statusCode: 400 | 415) {
    super('Unreadable body')
  }
}

/** Takes JSON in UTF-8 and nothing else: no form can send it, and no other charset can hide what it says (RFC 8259 §8.1). */
export function jsonBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1]
    if (charset !== undefined && !/^utf-?8$/i.test(charset)) return done(new UnreadableBody(415))
    const encoding = request.headers['content-encoding']
    if (encoding !== undefined && encoding !== 'identity') return done(new UnreadableBody(415))
    // Nothing at all is what a client sends that lets its cookie speak.
    if (body === '') return done(null, undefined)
    return parse(request, body as string, done)
  })
}
