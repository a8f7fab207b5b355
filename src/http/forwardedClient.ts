import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { clientInfoOf } from './clientInfo'
import { sendError } from './errorHandlers'
import { pathOf } from './path'
import { isServiceKey } from '../crypto/serviceKey'
import { statusOf } from '../errors/catalogue'
import { toPublicError } from '../errors/publicError'
import { ForbiddenError, UnauthenticatedError } from '../errors/requestErrors'
import { canonicalIp } from '../lib/ipAddress'
import type { ClientInfo, Deps } from '../services/deps'
import { serviceKeyOf } from '../services/operatorCaller'

/** A service key with the scope `client:forward`. */
const KEY = 'gatehouse-service-key'
/** The address of the user for whom the service calls. */
const ADDRESS = 'gatehouse-client-address'

declare module 'fastify' {
  interface FastifyRequest {
    /** The address of the client, in canonical spelling, as a service with `client:forward` names it; null otherwise. */
    forwardedAddress: string | null
  }
}

/**
 * Lets a server that calls for its users name the address of each: otherwise all of them would share the rate limits of that
 * server. Only for the public API by GraphQL and REST: elsewhere the address decides which service keys may be used.
 */
export function forwardedClient(app: FastifyInstance, deps: Deps): void {
  app.decorateRequest('forwardedAddress', null)
  app.addHook('preHandler', async (request, reply) => {
    const key = request.headers[KEY]
    if (key === undefined || !isPublicApi(pathOf(request))) return
    try {
      await requireForwarding(deps, clientInfoOf(request, reply), key)
    } catch (error) {
      return refuse(error, request, reply)
    }
    request.forwardedAddress = canonicalIp(String(request.headers[ADDRESS] ?? ''))
    if (request.forwardedAddress === null)
      return sendError(request, reply, { status: 400, code: 'BAD_REQUEST', message: NO_ADDRESS })
  })
}

/** Throws UnauthenticatedError for a key that cannot be used, ForbiddenError for one without the scope, RateLimitedError. */
async function requireForwarding(deps: Deps, client: ClientInfo, key: string | string[]): Promise<void> {
  if (typeof key !== 'string' || !isServiceKey(key)) throw new UnauthenticatedError('no service key')
  const { scopes } = await serviceKeyOf(deps, client, key)
  if (!scopes.includes('client:forward')) throw new ForbiddenError('no scope client:forward')
}

const NO_ADDRESS = 'Gatehouse-Client-Address must be the IP address of the client.'

function isPublicApi(path: string): boolean {
  return path === '/graphql' || path.startsWith('/api/')
}

/** Answers what the client may know of an error; a fault of this server goes to the error handler. */
function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { code, status, retryAfter } = toPublicError(error, undefined, '')
  if (code === 'INTERNAL_SERVER_ERROR') throw error
  if (retryAfter !== null) void reply.header('retry-after', retryAfter)
  return sendError(request, reply, { status: status ?? statusOf(code), code })
}
