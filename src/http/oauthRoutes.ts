import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientInfoOf } from './clientInfo'
import { isPercentEncoded } from '../config/accepted'
import { OAUTH } from '../config/operatorDefaults'
import { isServiceKey } from '../crypto/serviceKey'
import { isDatabaseOutage } from '../errors/outage'
import { UnauthenticatedError } from '../errors/requestErrors'
import { RateLimitedError } from '../errors/userErrors'
import type { ClientInfo, Deps } from '../services/deps'
import { introspectToken } from '../services/introspectToken'
import { serviceKeyOf } from '../services/operatorCaller'
import { revokeToken } from '../services/revokeToken'

/** An error of RFC 6749 §5.2 or RFC 6750 §3.1. Credentials that are none of ours are an UnauthenticatedError. */
class OAuthError extends Error {
  constructor(
    readonly status: 400 | 403,
    readonly code: 'invalid_request' | 'insufficient_scope',
  ) {
    super(code)
  }
}

/**
 * Introspection (RFC 7662) and revocation (RFC 7009). Both take a form, as the RFCs demand: no other route does. A parameter in
 * the URL is not read, since URLs are logged.
 */
export async function oauthRoutes(app: FastifyInstance, { deps }: { deps: Deps }): Promise<void> {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, new URLSearchParams(body as string))
  })
  app.setErrorHandler((error, request, reply) => sendOAuthError(error, request, reply))

  app.post('/oauth/introspect', async (request, reply) => {
    const client = clientInfoOf(request, reply)
    await requireIntrospection(deps, client, request.headers.authorization)
    const claims = await introspectToken(deps, tokenOf(request))
    return reply
      .header('cache-control', 'no-store')
      .send(claims ? { active: true, token_type: 'Bearer', ...claims } : { active: false })
  })

  app.post('/oauth/revoke', async (request, reply) => {
    const client = clientInfoOf(request, reply)
    await charge(
      deps,
      client,
      client.networks.map(({ prefix, share }) => ({ subject: prefix, max: OAUTH.revocationsPerMinute * share })),
    )
    await revokeToken(deps, client, tokenOf(request))
    return reply.header('cache-control', 'no-store').code(200).send({})
  })
  return Promise.resolve()
}

/** The one parameter `token`. Throws an OAuthError for none, and for several. */
function tokenOf({ body }: FastifyRequest): string {
  const [token, ...others] = body instanceof URLSearchParams ? body.getAll('token') : []
  if (token === undefined || token === '' || others.length > 0) throw new OAuthError(400, 'invalid_request')
  return token
}

/** A service key with the scope, as the password of Basic or as a bearer token; the user name is not read. */
async function requireIntrospection(deps: Deps, client: ClientInfo, authorization = ''): Promise<void> {
  const presented = /^(Basic|Bearer) +([\w.~+/-]+=*) *$/i.exec(authorization)
  const [, scheme = '', credentials = ''] = presented ?? []
  const key = scheme.toLowerCase() === 'basic' ? passwordOf(credentials) : credentials
  if (!isServiceKey(key)) throw new UnauthenticatedError('no service key')
  const { id, scopes } = await serviceKeyOf(deps, client, key)
  if (!scopes.includes('introspect')) throw new OAuthError(403, 'insufficient_scope')
  await charge(deps, client, [{ subject: id, max: OAUTH.introspectionsPerMinute }])
}

/** RFC 6749 §2.3.1 wants it encoded like a form, which curl does not do: the characters of a key allow both. */
function passwordOf(credentials: string): string {
  const password = Buffer.from(credentials, 'base64').toString().split(':').slice(1).join(':')
  return isPercentEncoded(password) ? decodeURIComponent(password) : password
}

/** Throws RateLimitedError. */
async function charge(deps: Deps, client: ClientInfo, counted: { subject: string; max: number }[]): Promise<void> {
  const charges = counted.map(({ subject, max }) => ({ budget: { name: 'oauth', max, window: 60_000 }, subject }))
  const wait = await deps.limiter.consume(charges, client.log)
  if (wait > 0) throw new RateLimitedError(wait)
}

function sendOAuthError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  void reply.header('cache-control', 'no-store')
  if (error instanceof RateLimitedError)
    return reply.code(429).header('retry-after', error.retryAfter).send({ error: 'temporarily_unavailable' })
  if (error instanceof UnauthenticatedError)
    return reply.code(401).header('www-authenticate', 'Basic realm="gatehouse"').send({ error: 'invalid_client' })
  if (error instanceof OAuthError) return reply.code(error.status).send({ error: error.code })
  if (isDatabaseOutage(error))
    return reply.code(503).header('retry-after', 5).send({ error: 'temporarily_unavailable' })
  const status = statusOf(error)
  if (status < 500) return reply.code(status).send({ error: 'invalid_request' })
  request.ownLog.error({ event: 'request_failed', err: error }, 'request_failed')
  return reply.code(500).send({ error: 'server_error' })
}

/** Fastify's own errors carry a status, as 415 for a body of another type. */
function statusOf(error: unknown): number {
  const { statusCode } = Object(error) as { statusCode?: unknown }
  return typeof statusCode === 'number' && statusCode >= 400 ? statusCode : 500
}
