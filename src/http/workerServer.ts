import type { FastifyInstance } from 'fastify'
import { type BaseParts, baseServer } from './baseServer'
import { type ReadinessProbe, healthRoutes } from './health'
import { metricsRoute } from './metricsRoute'

interface WorkerServerParts extends BaseParts {
  readiness: ReadinessProbe
  /** Updates the gauges before they are read. */
  refreshMetrics: () => Promise<void>
}

/** What a process without requests of users answers: health and metrics. */
export function workerServer(parts: WorkerServerParts): FastifyInstance {
  const { config, metrics } = parts.deps
  const app = baseServer(parts)
  healthRoutes(app, parts.readiness)
  metricsRoute(app, { metrics, refresh: parts.refreshMetrics, token: config.metricsToken, open: config.devTools })
  return app
}
