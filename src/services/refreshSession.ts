import type { ClientInfo, Deps, IssuedTokens } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { commit } from './steps/commit'
import { issueTokens } from './steps/issueTokens'
import { sessionLifeOf } from './steps/sessionLife'
import { MAIL, SESSION } from '../config/defaults'
import { digest, isOpaqueToken, newOpaqueToken } from '../crypto/opaqueToken'
import { sealSuccessor, unsealSuccessor } from '../crypto/refreshSuccessor'
import { ExpiredTokenError, InvalidTokenError } from '../errors/userErrors'
import { later } from '../lib/clock'
import { queueMail } from '../store/outbox'
import { type ReplacedToken, findReplacedToken, findSessionByToken, rotateRefreshToken } from '../store/refreshTokens'
import { type GrantedSession, type SessionView, revokeSession } from '../store/sessions'
import { lockUser } from '../store/users'

type Needs = Pick<Deps, 'clock' | 'config' | 'database' | 'secrets' | 'accessTokens' | 'sessionCache'>
interface Refreshed {
  userId: string
  session: SessionView
  tokens: IssuedTokens
}

/**
 * Rotates a refresh token (RFC 9700 §4.14.2). Its successor is random and stored sealed for REFRESH_GRACE only: within it,
 * presenting the replaced token again returns the successor. Later use of a replaced token means that it was copied: the
 * session is revoked, and that is committed before the error is thrown. Throws InvalidTokenError or ExpiredTokenError.
 */
export async function refreshSession(deps: Needs, client: ClientInfo, presented: string): Promise<Refreshed> {
  const { clock, config, database, secrets } = deps
  if (!isOpaqueToken(presented)) throw new InvalidTokenError()
  const now = clock.now()
  const successor = newOpaqueToken()
  const grace = config.refreshGrace

  const { ipAddress, userAgent } = client
  const rotated = await rotateRefreshToken(database.prisma, {
    ...{ presentedHash: digest(presented), successorHash: digest(successor), ipAddress, userAgent },
    ...{ successorSealed: grace > 0 ? sealSuccessor(secrets, presented, successor) : null, grace },
    ...{ now, life: sessionLifeOf(config) },
  })
  if (!rotated) return handleReplaced(deps, client, presented)

  logEvent(client.log, auditOf(client, { type: 'session_refreshed', userId: rotated.userId, now }))
  return issue(deps, { userId: rotated.userId, session: rotated, refreshToken: successor })
}

/** The token is not the current one of a live session: used again within the grace, reused later, expired, or unknown. */
async function handleReplaced(deps: Needs, client: ClientInfo, presented: string): Promise<Refreshed> {
  const { config, database } = deps
  const replaced = await findReplacedToken(database.prisma, digest(presented), config.refreshGrace)
  if (!replaced) return refuseUnknown(deps, presented)
  const { session, user, inGrace } = replaced
  if (session.revokedAt || user.disabledAt) throw new InvalidTokenError()
  if (hasExpired(deps, session)) throw new ExpiredTokenError()
  if (!inGrace) return revokeReused(deps, client, replaced)

  const newest = await newestSuccessor(deps, presented, replaced)
  // A password change or an older release replaced it, or its SECRET is not configured: that does not prove a copy.
  if (newest === null) throw new InvalidTokenError()
  return issue(deps, { userId: user.id, session: newest.session, refreshToken: newest.token })
}

/**
 * The session's current token, found by unsealing one successor after the other: parallel requests of one client may be
 * several rotations behind within the grace, and must all get the same token.
 */
async function newestSuccessor(
  { config, database, secrets }: Needs,
  presented: string,
  replaced: ReplacedToken,
): Promise<{ token: string; session: GrantedSession } | null> {
  let [token, step]: [string, ReplacedToken | null] = [presented, replaced]
  for (let count = 0; count < SESSION.refreshGraceSteps && step?.successorSealed; count += 1) {
    const successor = unsealSuccessor(secrets, token, step.successorSealed)
    if (successor === null) return null
    if (digest(successor).equals(step.session.refreshTokenHash)) return { token: successor, session: step.session }
    token = successor
    step = await findReplacedToken(database.prisma, digest(successor), config.refreshGrace)
  }
  return null
}

async function refuseUnknown(deps: Needs, presented: string): Promise<never> {
  const session = await findSessionByToken(deps.database.prisma, digest(presented))
  if (session && !session.revokedAt && hasExpired(deps, session)) throw new ExpiredTokenError()
  throw new InvalidTokenError()
}

function hasExpired({ clock, config }: Needs, { createdAt, expiresAt }: SessionView): boolean {
  const now = clock.now()
  return expiresAt <= now || createdAt <= later(now, -config.sessionMaxAge)
}

async function revokeReused(deps: Needs, client: ClientInfo, { session: { id }, user }: ReplacedToken): Promise<never> {
  await commit(deps, client, async (tx, now) => {
    const invalidate = [{ kind: 'session' as const, id }]
    const ended = (await lockUser(tx, user.id)) && (await revokeSession(tx, { userId: user.id, sessionId: id }, now))
    if (!ended) return { result: undefined, event: null, invalidate }
    const { email: recipient, locale } = user
    const expiresAt = later(now, MAIL.noticeLife)
    await queueMail(tx, { name: 'sessionEnded', recipient, userId: user.id, locale, now, expiresAt })
    return {
      result: undefined,
      event: { type: 'refresh_token_reused', userId: user.id, details: { sessionId: id } },
      invalidate,
    }
  })
  throw new InvalidTokenError()
}

function issue(deps: Needs, held: { userId: string; session: GrantedSession; refreshToken: string }): Refreshed {
  const { userId, session } = held
  return { userId, session, tokens: issueTokens(deps, held) }
}
