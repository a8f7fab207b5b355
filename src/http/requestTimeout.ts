import type { FastifyInstance } from 'fastify'
import { sendError } from './errorHandlers'

declare module 'fastify' {
  interface FastifyRequest {
    /** Ends the request when it has taken too long; null until its first hook. */
    timer: NodeJS.Timeout | null
  }
}

/** Seconds, for Retry-After. */
const RETRY_AFTER = 5

/**
 * Answers 503 to a request that takes longer than `limit` milliseconds: each wait has its own timeout, their sum has none.
 * The operation may still succeed, as with any response that is lost on the network.
 */
export function requestTimeout(app: FastifyInstance, limit: number): void {
  app.decorateRequest('timer', null)
  app.addHook('onRequest', (request, reply, done) => {
    const sendTimeout = () => {
      if (reply.sent) return
      void reply.header('retry-after', String(RETRY_AFTER)).header('cache-control', 'no-store')
      sendError(request, reply, { status: 503, code: 'SERVICE_UNAVAILABLE' })
    }
    request.timer = setTimeout(sendTimeout, limit).unref()
    done()
  })
  app.addHook('onResponse', (request, _reply, done) => {
    if (request.timer) clearTimeout(request.timer)
    done()
  })
}
