import { randomUUID } from 'node:crypto'
import type { ApolloServer } from '@apollo/server'
import { fastifyCookie } from '@fastify/cookie'
import cors, { type FastifyCorsOptions } from '@fastify/cors'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import { allowedHosts } from './allowedHosts'
import { clientInfoOf } from './clientInfo'
import { errorHandlers, sendError } from './errorHandlers'
import { graphqlRoute } from './graphqlRoute'
import { securityHeaders } from './headers'
import { type ReadinessProbe, healthRoutes } from './health'
import { jsonBodies } from './jsonBodies'
import { metricsRoute } from './metricsRoute'
import { originPolicy } from './origins'
import { accountPage, isAccountPath } from './pages/accountPage'
import { devInboxPage } from './pages/devInboxPage'
import { developmentPage } from './pages/developmentPage'
import { hostedPageOf, hostedPages } from './pages/hostedPages'
import { proxyWarning } from './proxyWarning'
import { rawErrorResponses } from './rawErrorResponses'
import { cookieTokenOf } from './refreshCookie'
import { requestLog } from './requestLog'
import { limitShape } from './requestShape'
import { requestTimeout } from './requestTimeout'
import { requireHttps } from './requireHttps'
import { restRoutes } from './restRoutes'
import { loadCertificate } from './tls'
import { traceRequests } from './traceRequests'
import { wellKnownRoutes } from './wellKnown'
import { HTTP, PASSWORD } from '../config/defaults'
import type { Inbox } from '../dev/inbox/store'
import { type Context, createContext } from '../graphql/context'
import type { Metrics } from '../ops/metrics'
import type { Deps } from '../services/deps'

interface ServerParts {
  deps: Deps
  apollo: ApolloServer<Context>
  schema: GraphQLSchema
  readiness: ReadinessProbe
  /** If true, responses close their connection: the next request on it would fail once the server is closed. */
  isStopping: () => boolean
  /** Updates the gauges before they are read. */
  refreshMetrics: () => Promise<void>
  /** Null if mails are sent by SMTP. */
  inbox: Inbox | null
}

/** Builds the HTTP server with its routes. The caller makes it listen, and closes it. */
export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const { deps, apollo, schema, readiness, inbox } = parts
  const { config, logger, keyring, clock, metrics } = deps
  const rawErrors = rawErrorResponses({ hsts: config.production })
  const app = fastify(serverOptions(config, rawErrors))
  rawErrors.listen(app.server)
  const allowsOrigin = originPolicy(config)

  requestLog(app, logger)
  if (config.otlpEndpoint !== null) traceRequests(app)
  await securityHeaders(app, { hsts: config.production })
  errorHandlers(app)
  observe(app, metrics)
  closeWhenStopping(app, parts.isStopping)
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
  jsonBodies(app)
  limitShape(app)
  await app.register(cors, corsOptions(allowsOrigin))
  await app.register(fastifyCookie)

  const contextOf = (request: FastifyRequest, reply: FastifyReply) =>
    createContext({
      deps,
      client: clientInfoOf(request, reply),
      inbox,
      authorization: request.headers.authorization,
      cookieToken: cookieTokenOf(request, { secure: config.secureCookies, allowsOrigin }),
    })
  graphqlRoute(app, { apollo, contextOf, sandbox: config.sandbox })
  restRoutes(app, { apollo, contextOf, schema })
  wellKnownRoutes(app, { config, keyring, clock })
  healthRoutes(app, readiness)
  metricsRoute(app, { metrics, refresh: parts.refreshMetrics, token: config.metricsToken, open: config.devTools })
  const { appName, appUrl, brandColor, passwordMinLength: minLength, passwordMinScore: minScore } = config
  const passwordPolicy = { minLength, maxLength: PASSWORD.maxLength, minScore }
  await app.register(hostedPages, { appName, appUrl, brandColor, passwordPolicy })
  const { loginCode, passkeyRpId: rpId } = config
  if (config.hostedPages) await app.register(accountPage, { appName, appUrl, loginCode, rpId, passwordPolicy })
  if (config.devTools) developmentPage(app, { ...config, hasInbox: inbox !== null })
  if (inbox) await app.register(devInboxPage, { inbox })
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
    clientErrorHandler: rawErrors.clientError,
    frameworkErrors: rawErrors.badUrl,
  }
}

function corsOptions(allowsOrigin: (origin: string) => boolean): FastifyCorsOptions {
  return {
    origin: (origin, allow) => allow(null, origin !== undefined && allowsOrigin(origin)),
    credentials: true,
    methods: ['GET', 'POST'],
    exposedHeaders: ['retry-after', 'x-request-id'],
    maxAge: 600,
  }
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
