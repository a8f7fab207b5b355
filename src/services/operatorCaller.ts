import type { Actor, ClientInfo, Deps, Viewer } from './deps'
import { viewerOf } from './viewerOf'
import { OPERATOR, SERVICE_KEY } from '../config/operatorDefaults'
import { digest } from '../crypto/opaqueToken'
import { isServiceKey } from '../crypto/serviceKey'
import { ForbiddenError, UnauthenticatedError } from '../errors/requestErrors'
import { RateLimitedError } from '../errors/userErrors'
import { findUsableServiceKey, recordServiceKeyUse } from '../store/serviceKeys'

/** The roles that open the operator API to a person: an auditor reads, an operator also changes. */
export const OPERATOR_ROLES = { operator: 'operator', auditor: 'auditor' } as const

/** Who calls the operator API. */
export type OperatorCaller =
  { kind: 'operator'; viewer: Viewer; mayWrite: boolean } | { kind: 'service'; id: string; scopes: readonly string[] }

type KeyNeeds = Pick<Deps, 'clock' | 'database' | 'limiter' | 'usedServiceKeys'>
type Needs = KeyNeeds & Pick<Deps, 'accessTokens' | 'sessionCache'>

/**
 * Who calls with this bearer token: a person by an access token, another service by its key. Throws UnauthenticatedError for an
 * invalid token, ForbiddenError for a user who is no operator, RateLimitedError.
 */
export async function operatorCaller(deps: Needs, client: ClientInfo, token: string): Promise<OperatorCaller> {
  if (isServiceKey(token)) return { kind: 'service', ...(await serviceKeyOf(deps, client, token)) }
  const viewer = await viewerOf(deps, token)
  const mayWrite = viewer.roles.includes(OPERATOR_ROLES.operator)
  if (!mayWrite && !viewer.roles.includes(OPERATOR_ROLES.auditor))
    throw new ForbiddenError('neither operator nor auditor')
  return { kind: 'operator', viewer, mayWrite }
}

/**
 * A key that may be used now and from the client's address. Throws UnauthenticatedError, or RateLimitedError after many unknown
 * keys from that address; a key that was good a minute ago is looked up all the same, so that others cannot block it.
 */
export async function serviceKeyOf(
  { clock, database, limiter, usedServiceKeys }: KeyNeeds,
  client: ClientInfo,
  key: string,
): Promise<{ id: string; scopes: readonly string[] }> {
  const budget = { name: 'serviceKey:unknown', max: OPERATOR.unknownKeysPerMinute, window: MINUTE }
  const refusals = client.networks.map(({ prefix, share }) => ({
    budget: { ...budget, max: budget.max * share },
    subject: prefix,
  }))
  const keyHash = digest(key)
  const keyId = keyHash.toString('base64')
  if (!usedServiceKeys.has(keyId) && limiter.isKnownSpent(refusals))
    throw new RateLimitedError(await limiter.consume(refusals, client.log))

  const now = clock.now()
  const { ipAddress } = client
  const found = await findUsableServiceKey(database.prisma, { keyHash, ipAddress, now })
  if (!found) {
    usedServiceKeys.delete(keyId)
    await limiter.consume(refusals, client.log)
    throw new UnauthenticatedError('no service key that can be used')
  }
  usedServiceKeys.set(keyId, true)
  const isRecent =
    found.lastUsedAt !== null && now.getTime() - found.lastUsedAt.getTime() < SERVICE_KEY.lastUsedResolution
  if (!isRecent) await recordServiceKeyUse(database.prisma, found.id, now)
  return { id: found.id, scopes: found.scopes }
}

const MINUTE = 60_000

/** The actor of a change that the caller makes. */
export function actorOf(caller: OperatorCaller, { ipAddress, userAgent, log, requestId }: ClientInfo): Actor {
  const id = caller.kind === 'operator' ? caller.viewer.account.id : caller.id
  return { ipAddress, userAgent, log, requestId, kind: caller.kind, id }
}
