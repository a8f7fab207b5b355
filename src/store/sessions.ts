import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from './database'

/** What a session is to its owner: no digest among it. */
export interface SessionView {
  id: string
  createdAt: Date
  lastSeenAt: Date
  expiresAt: Date
  ipAddress: string | null
  userAgent: string | null
}

const VIEW = { id: true, createdAt: true, lastSeenAt: true, expiresAt: true, ipAddress: true, userAgent: true } as const

export interface NewSession {
  userId: string
  refreshTokenHash: Uint8Array<ArrayBuffer>
  now: Date
  expiresAt: Date
  ipAddress: string | null
  userAgent: string | null
}

/**
 * Call with the account locked: the cap counts what is there. The least recently used sessions beyond it are ended, in the
 * same statement, since every login pays for it.
 */
export async function createSession(tx: Transaction, session: NewSession, maxPerUser: number): Promise<SessionView> {
  const { userId, refreshTokenHash, now, expiresAt, ipAddress, userAgent } = session
  const id = uuidv7()
  await tx.$executeRaw`
    WITH ended AS (
      UPDATE sessions SET revoked_at = ${now} WHERE id IN (
        SELECT id FROM sessions
        WHERE user_id = ${userId}::uuid AND revoked_at IS NULL AND expires_at > ${now}
        ORDER BY last_seen_at DESC, created_at DESC, id DESC OFFSET ${maxPerUser - 1}
      )
    )
    INSERT INTO sessions
      (id, user_id, refresh_token_hash, created_at, last_seen_at, expires_at, ip_address, user_agent)
    VALUES (${id}::uuid, ${userId}::uuid, ${refreshTokenHash}, ${now}, ${now}, ${expiresAt}, ${ipAddress}, ${userAgent})`
  return { id, createdAt: now, lastSeenAt: now, expiresAt, ipAddress, userAgent }
}

export function listLiveSessions(db: Queryable, userId: string, now: Date): Promise<SessionView[]> {
  return db.session.findMany({
    where: { userId, revokedAt: null, expiresAt: { gt: now } },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    select: VIEW,
  })
}

/** Ends one live session of this user. False where there is none such: another's looks like no one's. */
export async function revokeSession(
  db: Queryable,
  owner: { userId: string; sessionId: string },
  now: Date,
): Promise<boolean> {
  const { count } = await db.session.updateMany({
    where: { id: owner.sessionId, userId: owner.userId, revokedAt: null, expiresAt: { gt: now } },
    data: { revokedAt: now },
  })
  return count === 1
}

/** Ends the live sessions of a user, save the one to keep. Returns how many. */
export async function revokeSessions(
  db: Queryable,
  { userId, keep }: { userId: string; keep?: string },
  now: Date,
): Promise<number> {
  const { count } = await db.session.updateMany({
    where: { userId, revokedAt: null, expiresAt: { gt: now }, ...(keep === undefined ? {} : { id: { not: keep } }) },
    data: { revokedAt: now },
  })
  return count
}

export interface Rotation {
  presentedHash: Uint8Array<ArrayBuffer>
  successorHash: Uint8Array<ArrayBuffer>
  now: Date
  expiresAt: Date
  ipAddress: string | null
  userAgent: string | null
}

/**
 * Replaces a refresh token, in one statement that only one of any number of callers wins: the digest moves on, the
 * presented one is remembered as replaced. Null for everyone else.
 */
export async function rotateRefreshToken(
  db: Queryable,
  rotation: Rotation,
): Promise<(SessionView & { userId: string }) | null> {
  const { presentedHash, successorHash, now, expiresAt, ipAddress, userAgent } = rotation
  const rows = await db.$queryRaw<(SessionView & { userId: string })[]>`
    WITH rotated AS (
      UPDATE sessions SET refresh_token_hash = ${successorHash}, last_seen_at = ${now}, expires_at = ${expiresAt},
        ip_address = ${ipAddress}, user_agent = ${userAgent}
      FROM users
      WHERE refresh_token_hash = ${presentedHash} AND revoked_at IS NULL AND expires_at > ${now}
        AND users.id = sessions.user_id AND users.disabled_at IS NULL
      RETURNING sessions.*
    ), replaced AS (
      INSERT INTO replaced_refresh_tokens (token_hash, session_id, replaced_at)
      SELECT ${presentedHash}, id, ${now} FROM rotated
    )
    SELECT id, user_id AS "userId", created_at AS "createdAt", last_seen_at AS "lastSeenAt", expires_at AS "expiresAt",
      ip_address AS "ipAddress", user_agent AS "userAgent"
    FROM rotated`
  return rows[0] ?? null
}

/** Gives a live session another refresh token without being shown the one that it replaces. Null where it is not live. */
export async function renewRefreshToken(
  db: Queryable,
  renewal: { id: string; tokenHash: Uint8Array<ArrayBuffer>; now: Date; expiresAt: Date },
): Promise<{ expiresAt: Date; replacedHash: Uint8Array } | null> {
  const { id, tokenHash, now, expiresAt } = renewal
  const rows = await db.$queryRaw<{ expiresAt: Date; replacedHash: Uint8Array }[]>`
    WITH live AS (
      SELECT id, refresh_token_hash FROM sessions
      WHERE id = ${id}::uuid AND revoked_at IS NULL AND expires_at > ${now}
      FOR UPDATE
    ), renewed AS (
      UPDATE sessions SET refresh_token_hash = ${tokenHash}, last_seen_at = ${now}, expires_at = ${expiresAt}
      FROM live
      WHERE sessions.id = live.id
      RETURNING sessions.expires_at, live.id, live.refresh_token_hash AS replaced_hash
    ), replaced AS (
      INSERT INTO replaced_refresh_tokens (token_hash, session_id, replaced_at)
      SELECT replaced_hash, id, ${now} FROM renewed
    )
    SELECT expires_at AS "expiresAt", replaced_hash AS "replacedHash" FROM renewed`
  return rows[0] ?? null
}

/** The session that a refresh token is the present one of, live or not. */
export function findSessionByToken(db: Queryable, refreshTokenHash: Uint8Array<ArrayBuffer>) {
  return db.session.findUnique({ where: { refreshTokenHash } })
}

/** The session that a refresh token was once the present one of, and when it was replaced. */
export function findReplacedToken(db: Queryable, tokenHash: Uint8Array<ArrayBuffer>) {
  return db.replacedRefreshToken.findUnique({ where: { tokenHash }, include: { session: { include: { user: true } } } })
}

/** The session that a refresh token is or once was the token of, live or not. */
export async function findSessionIdByAnyToken(
  db: Queryable,
  tokenHash: Uint8Array<ArrayBuffer>,
): Promise<string | null> {
  const rows = await db.$queryRaw<{ id: string }[]>`
    SELECT id FROM sessions WHERE refresh_token_hash = ${tokenHash}
    UNION ALL SELECT session_id FROM replaced_refresh_tokens WHERE token_hash = ${tokenHash}
    LIMIT 1`
  return rows[0]?.id ?? null
}
