import type { Client, Deps, IssuedTokens } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { MAIL, SESSION } from '../config/defaults'
import { digest, isOpaqueToken, refreshSuccessors } from '../crypto/opaqueToken'
import type { Secrets } from '../crypto/secrets'
import { ExpiredTokenError, InvalidTokenError } from '../errors/userErrors'
import { later } from '../lib/clock'
import { insertAuditEvent } from '../store/auditEvents'
import { queueMail } from '../store/mails'
import {
  type SessionView,
  findReplacedToken,
  findSessionByToken,
  revokeSession,
  rotateRefreshToken,
} from '../store/sessions'

type Needs = Pick<Deps, 'clock' | 'config' | 'database' | 'secrets' | 'accessTokens' | 'liveSessions' | 'logger'>
interface Refreshed {
  userId: string
  session: SessionView
  tokens: IssuedTokens
}

/**
 * Rotates a refresh token (RFC 9700 §4.14.2). Its successor is derived from it, so that within the grace everyone who
 * presents it gets the same one. A replaced token that comes back later betrays a copy: the session ends, and that
 * stands before the answer refuses. Throws InvalidTokenError or ExpiredTokenError.
 */
export async function refreshSession(deps: Needs, client: Client, presented: string): Promise<Refreshed> {
  const { clock, config, database, secrets, logger } = deps
  if (!isOpaqueToken(presented)) throw new InvalidTokenError()
  const now = clock.now()
  const presentedHash = digest(presented)
  const [successor] = refreshSuccessors(secrets, presented)

  const { ipAddress, userAgent } = client
  const expiresAt = later(now, config.refreshTokenTtl)
  const rotation = { presentedHash, successorHash: digest(successor), now, expiresAt, ipAddress, userAgent }
  const rotated = await rotateRefreshToken(database.prisma, rotation)
  if (!rotated) return answerReplaced(deps, client, presented)

  logEvent(logger, auditOf(client, { type: 'session_refreshed', userId: rotated.userId, now }), client)
  return issue(deps, rotated, successor)
}

/** The token is no session's present one: a second use within the grace, a copy that comes back, too late, or not ours. */
async function answerReplaced(deps: Needs, client: Client, presented: string): Promise<Refreshed> {
  const { clock, database, secrets } = deps
  const now = clock.now()
  const replaced = await findReplacedToken(database.prisma, digest(presented))
  if (!replaced) return refuseUnknown(deps, presented)
  const { session, replacedAt } = replaced
  if (session.revokedAt || session.user.disabledAt) throw new InvalidTokenError()
  if (session.expiresAt <= now) throw new ExpiredTokenError()

  const inGrace = now.getTime() - replacedAt.getTime() <= SESSION.refreshGrace
  if (inGrace) {
    const newest = newestSuccessor(secrets, presented, Buffer.from(session.refreshTokenHash))
    if (newest === null) throw new InvalidTokenError() // made under a SECRET that is gone
    return issue(deps, session, newest)
  }
  return endSuspicious(deps, client, session)
}

/**
 * The session's present token, found by deriving on from a replaced one: a client that is some steps behind within the
 * grace has raced with itself, and gets what the others hold.
 */
function newestSuccessor(secrets: Secrets, presented: string, presentHash: Buffer): string | null {
  let derived = [presented]
  for (let step = 0; step < SESSION.refreshGraceSteps; step += 1) {
    derived = derived.flatMap((token) => refreshSuccessors(secrets, token))
    const newest = derived.find((token) => digest(token).equals(presentHash))
    if (newest !== undefined) return newest
  }
  return null
}

async function refuseUnknown({ clock, database }: Needs, presented: string): Promise<never> {
  const session = await findSessionByToken(database.prisma, digest(presented))
  if (session && !session.revokedAt && session.expiresAt <= clock.now()) throw new ExpiredTokenError()
  throw new InvalidTokenError()
}

async function endSuspicious(
  { clock, database, liveSessions, logger }: Needs,
  client: Client,
  { id, user }: { id: string; user: { id: string; email: string; locale: string } },
): Promise<never> {
  const now = clock.now()
  const event = auditOf(client, { type: 'refresh_token_reused', userId: user.id, now, details: { sessionId: id } })
  const ended = await database.transaction(async (tx) => {
    if (!(await revokeSession(tx, { userId: user.id, sessionId: id }, now))) return false
    const { email: recipient, locale } = user
    const expiresAt = later(now, MAIL.noticeLife)
    await queueMail(tx, { name: 'sessionEnded', recipient, userId: user.id, locale, now, expiresAt })
    await insertAuditEvent(tx, event)
    return true
  })
  liveSessions.forget({ kind: 'session', id })
  if (ended) logEvent(logger, event, client)
  throw new InvalidTokenError()
}

function issue(
  { accessTokens, clock }: Needs,
  session: SessionView & { userId: string },
  refreshToken: string,
): Refreshed {
  const { userId, expiresAt: refreshTokenExpiresAt } = session
  const issued = accessTokens.issue({ userId, sessionId: session.id }, clock.now())
  return { userId, session, tokens: { ...issued, refreshToken, refreshTokenExpiresAt } }
}
