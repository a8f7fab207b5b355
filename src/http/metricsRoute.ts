import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { sendError } from './errorHandlers'
import type { Metrics } from '../ops/metrics'

interface MetricsOptions {
  metrics: Metrics
  /** Updates the gauges. */
  refresh: () => Promise<void>
  /** The bearer token that is required; null: none. */
  token: string | null
  /** Whether metrics are public if there is no token, as with development tools. */
  open: boolean
}

/** Prometheus text. With neither a token nor development tools it does not exist. */
export function metricsRoute(app: FastifyInstance, { metrics, refresh, token, open }: MetricsOptions): void {
  app.get('/metrics', async (request, reply) => {
    if (token === null && !open) return sendError(request, reply, { status: 404, code: 'NOT_FOUND' })
    if (token !== null && !same(request.headers.authorization ?? '', `Bearer ${token}`)) {
      return sendError(request, reply.header('www-authenticate', 'Bearer'), { status: 401, code: 'UNAUTHENTICATED' })
    }
    await refresh()
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
}

/** Compares digests, so that the time it takes does not reveal where two texts differ. */
function same(given: string, expected: string): boolean {
  const [left, right] = [given, expected].map((text) => createHash('sha256').update(text).digest())
  return left !== undefined && right !== undefined && timingSafeEqual(left, right)
}
