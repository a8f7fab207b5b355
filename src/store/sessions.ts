import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from './database'
import { grantsOf } from './grants'
import { type DeviceOfLogin, noteDevice } from './knownDevices'
import { Prisma } from '../generated/prisma/client'
import type { Grants } from '../lib/grants'

/** The fields of a session that its owner may see. */
export interface SessionView {
  id: string
  createdAt: Date
  lastSeenAt: Date
  expiresAt: Date
  ipAddress: string | null
  userAgent: string | null
  /** Assurance level that was reached: 1 or 2 (NIST SP 800-63B). */
  aal: number
  /** Methods of RFC 8176. */
  amr: string[]
  /** When its user last proved who they are. */
  authenticatedAt: Date
}

/** A session that starts or continues, with what its tokens say of the user. */
export interface GrantedSession extends SessionView {
  grants: Grants
}

const VIEW = {
  ...{ id: true, createdAt: true, lastSeenAt: true, expiresAt: true, ipAddress: true, userAgent: true },
  ...{ aal: true, amr: true, authenticatedAt: true },
} as const

/** How a session was authenticated. */
export type Authentication = Pick<SessionView, 'aal' | 'amr'>

export interface NewSession {
  userId: string
  refreshTokenHash: Uint8Array<ArrayBuffer>
  now: Date
  expiresAt: Date
  ipAddress: string | null
  userAgent: string | null
  authentication: Authentication
  device: DeviceOfLogin
}

/**
 * Creates a session. Ends the least recently used sessions beyond `maxPerUser`, and the session, of any user, to which the
 * token of `replacedHash` belongs or belonged, and notes the device: in one statement, since every login runs it. Call with the account locked, so
 * that concurrent logins cannot exceed the maximum.
 */
export async function createSession(
  tx: Transaction,
  session: NewSession,
  { maxPerUser, replacedHash }: { maxPerUser: number; replacedHash: Uint8Array<ArrayBuffer> | null },
): Promise<{ session: GrantedSession; endedIds: string[]; isNewDevice: boolean }> {
  const { userId, refreshTokenHash, now, expiresAt, ipAddress, userAgent, authentication, device } = session
  const { aal, amr } = authentication
  const id = uuidv7()
  const [opened] = await tx.$queryRaw<{ grants: Grants; endedIds: string[]; isNewDevice: boolean }[]>`
    WITH beyond AS (
      SELECT id FROM sessions
      WHERE user_id = ${userId}::uuid AND revoked_at IS NULL AND expires_at > ${now}
      ORDER BY last_seen_at DESC, created_at DESC, id DESC OFFSET ${maxPerUser - 1}
    ), replaced AS (
      SELECT id FROM sessions WHERE refresh_token_hash = ${replacedHash}
      UNION ALL SELECT session_id FROM replaced_refresh_tokens WHERE token_hash = ${replacedHash}
    ), ended AS (
      UPDATE sessions SET revoked_at = ${now}
      WHERE id IN (SELECT id FROM beyond UNION ALL SELECT id FROM replaced) AND revoked_at IS NULL
      RETURNING id
    ), opened AS (
      INSERT INTO sessions
        (id, user_id, refresh_token_hash, created_at, last_seen_at, expires_at, ip_address, user_agent, aal, amr,
          authenticated_at)
      VALUES (${id}::uuid, ${userId}::uuid, ${refreshTokenHash}, ${now}, ${now}, ${expiresAt}, ${ipAddress}, ${userAgent},
        ${aal}::smallint, ${amr}::text[], ${now})
    ), ${noteDevice(device, { userId, sessionId: id, userAgent, ipAddress, now })}
    SELECT ARRAY(SELECT id::text FROM ended) AS "endedIds", (SELECT is_new FROM verdict) AS "isNewDevice", ${grantsOf(Prisma.sql`${userId}::uuid`)}`
  if (!opened) throw new Error('A session opened without its user')
  const { grants, endedIds, isNewDevice } = opened
  const seen = { createdAt: now, lastSeenAt: now, expiresAt, ipAddress, userAgent }
  return { session: { id, ...seen, aal, amr, authenticatedAt: now, grants }, endedIds, isNewDevice }
}

/** Raises the level of a live session: its user has just proved a second factor. */
export async function raiseSession(
  tx: Transaction,
  { id, aal, amr, now }: Authentication & { id: string; now: Date },
): Promise<void> {
  await tx.session.updateMany({ where: { id, revokedAt: null }, data: { aal, amr, authenticatedAt: now } })
}

export function listLiveSessions(db: Queryable, userId: string, now: Date): Promise<SessionView[]> {
  return db.session.findMany({
    where: { userId, revokedAt: null, expiresAt: { gt: now } },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    select: VIEW,
  })
}

/** Ends one live session of this user. False if there is none, or if it is another user's. */
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

/** Ends the live sessions of a user except `keep` and, if `belowAal` is given, those of that level or higher. Returns their number. */
export async function revokeSessions(
  db: Queryable,
  { userId, keep, belowAal }: { userId: string; keep?: string; belowAal?: number },
  now: Date,
): Promise<number> {
  const { count } = await db.session.updateMany({
    where: {
      ...{ userId, revokedAt: null, expiresAt: { gt: now } },
      ...(keep === undefined ? {} : { id: { not: keep } }),
      ...(belowAal === undefined ? {} : { aal: { lt: belowAal } }),
    },
    data: { revokedAt: now },
  })
  return count
}

/** Ends up to `count` sessions that began before a moment. Returns their number. The triggers notify every instance. */
export function revokeSomeSessions(db: Queryable, { before, count }: { before: Date; count: number }): Promise<number> {
  return db.$executeRaw`
    UPDATE sessions SET revoked_at = ${before}
    WHERE id IN (
      SELECT id FROM sessions WHERE revoked_at IS NULL AND expires_at > ${before} AND created_at <= ${before}
      LIMIT ${count} FOR UPDATE SKIP LOCKED
    )`
}
