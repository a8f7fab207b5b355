import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Span, startSpan } from '../ops/tracing'

const spans = new WeakMap<FastifyRequest, Span>()

/** Answered every few seconds, and never what somebody looks for. */
const UNTRACED = /^\/(?:health\/|metrics$)/

/**
 * A span for each request, in which its handler runs; the log lines of the request carry its `traceId`. A `traceparent`
 * is continued only from a proxy that TRUST_PROXY names: others would choose our trace ids, and what is exported.
 */
export function traceRequests(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    const attributes = {
      'http.request.method': request.method,
      'http.route': route,
      'gatehouse.request_id': request.id,
    }
    const span = UNTRACED.test(route)
      ? null
      : startSpan(`${request.method} ${route}`, { attributes, kind: 'server', parent: parentOf(request) })
    if (span === null) {
      done()
      return
    }
    spans.set(request, span)
    request.madeLog = request.ownLog.child({ traceId: span.traceId })
    reply.raw.once('close', () => {
      span.set({ 'http.response.status_code': reply.statusCode })
      if (reply.statusCode >= 500) span.fail(String(reply.statusCode))
      span.end()
    })
    done()
  })
  // Here and not above: the events of a body that arrives do not keep the asynchronous context.
  app.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request)
    if (span) span.run(done)
    else done()
  })
}

/** Fastify lists more than one address if the peer is trusted and says for whom it asks. */
function parentOf(request: FastifyRequest): string | null {
  const { traceparent } = request.headers
  return typeof traceparent === 'string' && (request.ips?.length ?? 0) > 1 ? traceparent : null
}
