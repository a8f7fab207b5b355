import type { FastifyInstance } from 'fastify'

/** Why the server is not ready; null when it is. */
export type ReadinessProbe = () => Promise<string | null>

/** Liveness checks the process only, readiness its dependencies too. Both answer over plain http, which probes use. */
export function healthRoutes(app: FastifyInstance, readiness: ReadinessProbe): void {
  app.get('/health/live', () => ({ status: 'ok' }))
  app.get('/health/ready', async (_request, reply) => {
    const reason = await readiness()
    return reason === null ? { status: 'ok' } : reply.code(503).send({ status: 'unavailable', reason })
  })
}
