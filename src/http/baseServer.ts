import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance } from 'fastify'
import { allowedHosts } from './allowedHosts'
import { betweenConnections } from './betweenConnections'
import { errorHandlers, sendError } from './errorHandlers'
import { securityHeaders } from './headers'
import { isAccountPath } from './pages/accountPage'
import { hostedPageOf } from './pages/hostedPages'
import { proxyWarning } from './proxyWarning'
import { rawErrorResponses } from './rawErrorResponses'
import { requestLog } from './requestLog'
import { requestTimeout } from './requestTimeout'
import { requireHttps } from './requireHttps'
import { loadCertificate } from './tls'
import { traceRequests } from './traceRequests'
import { HTTP } from '../config/defaults'
import type { Metrics } from '../ops/metrics'
import type { Deps } from '../services/deps'

export interface BaseParts {
  deps: Pick<Deps, 'config' | 'logger' | 'metrics'>
  /** If true, responses close their connection: the next request on it would fail once the server is closed. */
  isStopping: () => boolean
}

/** A server without routes: its limits of size and time, its headers, and what is refused whatever the route. */
export function baseServer({ deps, isStopping }: BaseParts): FastifyInstance {
  const { config, logger, metrics } = deps
  const rawErrors = rawErrorResponses({ hsts: config.production })
  const app = fastify(serverOptions(config, rawErrors))
  rawErrors.listen(app.server)

  requestLog(app, logger)
  if (config.otlpEndpoint !== null) traceRequests(app)
  securityHeaders(app, { hsts: config.production })
  errorHandlers(app)
  observe(app, metrics)
  closeWhenStopping(app, isStopping)
  app.addHook('preClose', () => betweenConnections(app.server))
  requestTimeout(app, config.hashMaxWait + HTTP.answerTime)
  refuseBadHosts(app)
  allowedHosts(app, config)
  if (config.production) {
    proxyWarning(app)
    requireHttps(app, {
      publicUrl: config.publicUrl,
      isPage: (path) => hostedPageOf(path) !== null || isAccountPath(path),
    })
  }
  return app
}

function serverOptions(config: Deps['config'], rawErrors: ReturnType<typeof rawErrorResponses>) {
  // A missing Host is rejected below with a JSON error: Node would send an empty 400.
  const node = {
    maxHeaderSize: HTTP.maxHeaders,
    headersTimeout: HTTP.headersTimeout,
    connectionsCheckingInterval: HTTP.checkInterval,
    requireHostHeader: false,
  }
  return {
    logger: false as const,
    trustProxy: config.trustProxy,
    bodyLimit: HTTP.maxBody,
    // Timeout of a socket without traffic: a response may wait that long for its hash.
    connectionTimeout: config.hashMaxWait + HTTP.requestTimeout,
    requestTimeout: HTTP.requestTimeout,
    keepAliveTimeout: HTTP.keepAliveTimeout,
    routerOptions: { maxParamLength: HTTP.maxHeaders }, // the headers' limit bounds the path as well
    ...(config.tls
      ? { https: { ...loadCertificate(config.tls), ...node, handshakeTimeout: HTTP.handshakeTimeout } }
      : { http: node }),
    // The client cannot choose the id: it could imitate another request's in the log.
    genReqId: () => randomUUID(),
    requestIdHeader: false as const,
    forceCloseConnections: 'idle' as const,
    return503OnClosing: false,
    schemaController: { compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema } },
    clientErrorHandler: rawErrors.clientError,
    frameworkErrors: rawErrors.badUrl,
  }
}

/** No route has a JSON Schema for Fastify: the services validate. Its compilers would take a tenth of the start to load. */
function refuseSchema(): never {
  throw new Error('Routes have no schema: the services validate')
}

/**
 * Rejects an invalid Host, and two of them, of which a proxy may have used the other. Only HTTP/1.0 may omit it, as the
 * health checks of load balancers do (RFC 9112 §3.2).
 */
function refuseBadHosts(app: FastifyInstance): void {
  app.addHook('onRequest', (request, reply, done) => {
    const hosts = request.raw.rawHeaders.filter((name, index) => index % 2 === 0 && /^host$/i.test(name))
    if (hosts.length === 0 && request.raw.httpVersion === '1.0') done()
    else if (hosts.length === 1 && URL.canParse(`http://${request.headers.host ?? ''}/`)) done()
    else sendError(request, reply, { status: 400, code: 'BAD_REQUEST' })
  })
}

function closeWhenStopping(app: FastifyInstance, isStopping: () => boolean): void {
  app.addHook('onSend', async (_request, reply) => {
    if (isStopping()) void reply.header('connection', 'close')
    return Promise.resolve()
  })
}

function observe(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    metrics.requests.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
    done()
  })
}
