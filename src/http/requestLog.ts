import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Logger } from '../ops/logger'

declare module 'fastify' {
  interface FastifyRequest {
    /** Its lines carry the request's id. Fastify's own, `log`, writes nothing. */
    ownLog: Logger
    /** `ownLog` once it was asked for. */
    madeLog: Logger | null
  }
}

/**
 * Gives each request a log whose lines carry its id. Fastify's own lines stay off: they quote URLs, and the URL of a mailed
 * link holds a token. It is made when it is asked for, since most requests write no line.
 */
export function requestLog(app: FastifyInstance, logger: Logger): void {
  app.decorateRequest('madeLog', null)
  app.decorateRequest('ownLog', {
    getter(this: FastifyRequest) {
      return (this.madeLog ??= logger.child({ requestId: this.id }))
    },
  })
}
