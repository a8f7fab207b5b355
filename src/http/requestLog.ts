import type { FastifyInstance } from 'fastify'
import type { Logger } from '../ops/logger'

/**
 * Gives each request a log whose lines carry its id. Fastify's own lines stay off: they quote URLs, and the URL of a mailed
 * link holds a token.
 */
export function requestLog(app: FastifyInstance, logger: Logger): void {
  app.addHook('onRequest', (request, _reply, done) => {
    request.log = logger.child({ requestId: request.id })
    done()
  })
}
