import type { FastifyInstance, FastifyRequest } from 'fastify'
import { sendError } from './errorHandlers'

/** Seconds, for Retry-After. */
const RETRY_AFTER = 5

/**
 * Answers 503 to a request that takes longer than `limit` milliseconds: each wait has its own timeout, their sum has none.
 * The operation may still succeed, as with any response that is lost on the network.
 */
export function requestTimeout(app: FastifyInstance, limit: number): void {
  const timers = new WeakMap<FastifyRequest, NodeJS.Timeout>()
  app.addHook('onRequest', (request, reply, done) => {
    const sendTimeout = () => {
      if (reply.sent) return
      void reply.header('retry-after', String(RETRY_AFTER)).header('cache-control', 'no-store')
      sendError(request, reply, { status: 503, code: 'SERVICE_UNAVAILABLE' })
    }
    timers.set(request, setTimeout(sendTimeout, limit).unref())
    done()
  })
  app.addHook('onResponse', (request, _reply, done) => {
    clearTimeout(timers.get(request))
    done()
  })
}
