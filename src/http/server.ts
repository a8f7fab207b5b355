import type { ApolloServer } from '@apollo/server'
import { fastifyCookie } from '@fastify/cookie'
import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { GraphQLSchema } from 'graphql'
import { type BaseParts, baseServer } from './baseServer'
import { clientInfoOf } from './clientInfo'
import { forwardedClient } from './forwardedClient'
import { graphqlRoute } from './graphqlRoute'
import { type ReadinessProbe, healthRoutes } from './health'
import { jsonBodies } from './jsonBodies'
import { metricsRoute } from './metricsRoute'
import { openApiRoute } from './openapi/route'
import { originPolicy } from './origins'
import { oauthRoutes } from './oauthRoutes'
import { accountPage } from './pages/accountPage'
import { devInboxPage } from './pages/devInboxPage'
import { frontPage } from './pages/frontPage'
import { hostedPages } from './pages/hostedPages'
import { cookieTokenOf, crossSiteOriginOf } from './refreshCookie'
import { limitShape } from './requestShape'
import { restRoutes } from './restRoutes'
import { wellKnownRoutes } from './wellKnown'
import { PASSWORD } from '../config/defaults'
import type { Inbox } from '../dev/inbox/store'
import { type Context, createContext } from '../graphql/context'
import type { OperatorContext } from '../graphql/operators/context'
import type { Deps } from '../services/deps'

export interface ServerParts extends BaseParts {
  deps: Deps
  apollo: ApolloServer<Context>
  schema: GraphQLSchema
  /** Null if this server does not serve the operator API. */
  operatorApollo: ApolloServer<OperatorContext> | null
  readiness: ReadinessProbe
  /** Updates the gauges before they are read. */
  refreshMetrics: () => Promise<void>
  /** Null if mails are sent by SMTP. */
  inbox: Inbox | null
}

/** Builds the HTTP server with its routes. The caller makes it listen, and closes it. */
export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const { deps, apollo, schema, readiness, inbox } = parts
  const { config, keyring, clock, metrics } = deps
  const app = baseServer(parts)
  const allowsOrigin = originPolicy(config)
  jsonBodies(app)
  limitShape(app)
  await app.register(cors, corsOptions(allowsOrigin))
  await app.register(fastifyCookie)
  forwardedClient(app, deps)

  const contextOf = (request: FastifyRequest, reply: FastifyReply) =>
    createContext({
      deps,
      client: clientInfoOf(request, reply),
      inbox,
      authorization: request.headers.authorization,
      cookieToken: cookieTokenOf(request, { secure: config.secureCookies, allowsOrigin }),
      crossSiteOrigin: crossSiteOriginOf(request),
    })
  graphqlRoute(app, { url: '/graphql', apollo, contextOf, sandbox: config.sandbox })
  if (parts.operatorApollo) {
    const { operatorRoute } = await import('./operatorServer')
    operatorRoute(app, { deps, apollo: parts.operatorApollo })
  }
  restRoutes(app, { apollo, contextOf, schema })
  openApiRoute(app, { schema, secureCookies: config.secureCookies })
  await app.register(oauthRoutes, { deps })
  wellKnownRoutes(app, { config, keyring, clock })
  healthRoutes(app, readiness)
  metricsRoute(app, { metrics, refresh: parts.refreshMetrics, token: config.metricsToken, open: config.devTools })
  const { appName, appUrl, brandColor, passwordMinLength: minLength, passwordMinScore: minScore } = config
  const brand = { appName, logoUrl: config.brandLogoUrl, supportUrl: config.supportUrl }
  const passwordPolicy = { minLength, maxLength: PASSWORD.maxLength, minScore }
  // Without an app of its own the account page is where a person goes on.
  const next = appUrl ?? (config.hostedPages ? '/account' : null)
  await app.register(hostedPages, { ...brand, appUrl: next, brandColor, passwordPolicy })
  const { loginCode, passkeyRpId: rpId } = config
  if (config.hostedPages) await app.register(accountPage, { ...brand, appUrl, loginCode, rpId, passwordPolicy })
  const tools = { sandbox: config.sandbox, hasInbox: inbox !== null, operatorApi: parts.operatorApollo !== null }
  frontPage(app, { ...brand, appUrl, hostedPages: config.hostedPages, development: config.devTools ? tools : null })
  if (inbox) await app.register(devInboxPage, { inbox, logoUrl: brand.logoUrl })
  return app
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
