import type { Queryable } from './database'
import { grantsOf } from './grants'
import type { Authentication, GrantedSession } from './sessions'
import { Prisma } from '../generated/prisma/client'
import { later } from '../lib/clock'

/** The lifetime of a session: `maxAge` milliseconds after its login at most, `ttl` milliseconds after its last refresh. */
export interface SessionLife {
  maxAge: number
  ttl: number
}

export interface Rotation {
  presentedHash: Uint8Array<ArrayBuffer>
  successorHash: Uint8Array<ArrayBuffer>
  /** Null if there is no grace. */
  successorSealed: Uint8Array<ArrayBuffer> | null
  now: Date
  life: SessionLife
  /** Milliseconds. */
  grace: number
  ipAddress: string | null
  userAgent: string | null
}

/**
 * Replaces a refresh token in one statement, which succeeds for only one of concurrent calls; the others get null. Stores
 * the digest of the successor, records the presented one as replaced, with its successor sealed for the grace, and deletes
 * the session's sealed successors whose grace is over.
 */
export async function rotateRefreshToken(
  db: Queryable,
  rotation: Rotation,
): Promise<(GrantedSession & { userId: string }) | null> {
  const { presentedHash, successorHash, successorSealed, now, life, grace, ipAddress, userAgent } = rotation
  const rows = await db.$queryRaw<(GrantedSession & { userId: string })[]>`
    WITH rotated AS (
      UPDATE sessions SET refresh_token_hash = ${successorHash}, last_seen_at = ${now},
        expires_at = ${expiryOf(now, life)}, ip_address = ${ipAddress}, user_agent = ${userAgent}
      FROM users
      WHERE refresh_token_hash = ${presentedHash} AND revoked_at IS NULL AND expires_at > ${now}
        AND sessions.created_at > ${later(now, -life.maxAge)}
        AND users.id = sessions.user_id AND users.disabled_at IS NULL
      RETURNING sessions.*
    ), replaced AS (
      INSERT INTO replaced_refresh_tokens (token_hash, session_id, replaced_at, successor_sealed)
      SELECT ${presentedHash}, id, ${now}, ${successorSealed}::bytea FROM rotated
    ), forgotten AS (
      UPDATE replaced_refresh_tokens SET successor_sealed = NULL FROM rotated
      WHERE session_id = rotated.id AND successor_sealed IS NOT NULL AND NOT ${inGrace(grace)}
    )
    SELECT id, user_id AS "userId", created_at AS "createdAt", last_seen_at AS "lastSeenAt", expires_at AS "expiresAt",
      ip_address AS "ipAddress", user_agent AS "userAgent", aal, amr, authenticated_at AS "authenticatedAt",
      ${grantsOf(Prisma.sql`rotated.user_id`)}
    FROM rotated`
  return rows[0] ?? null
}

/** When a session that is used now expires: never later than its maximum age. */
function expiryOf(now: Date, { maxAge, ttl }: SessionLife): Prisma.Sql {
  return Prisma.sql`least(${later(now, ttl)}::timestamptz, sessions.created_at + ${milliseconds(maxAge)})`
}

/** By the database's clock only: the clocks of two instances may differ by more than the grace. */
function inGrace(grace: number): Prisma.Sql {
  return Prisma.sql`recorded_at > clock_timestamp() - ${milliseconds(grace)}`
}

function milliseconds(count: number): Prisma.Sql {
  return Prisma.sql`${count}::double precision * interval '1 millisecond'`
}

/**
 * Gives a live session a new refresh token without knowing the replaced one, which gets no grace. A new proof of the user
 * raises the session's authentication level. Null if the session is not live.
 */
export async function renewRefreshToken(
  db: Queryable,
  renewal: {
    id: string
    tokenHash: Uint8Array<ArrayBuffer>
    now: Date
    life: SessionLife
    /** What was proved now; left out where nothing was. */
    authentication?: Authentication
  },
): Promise<{ session: GrantedSession; replacedHash: Uint8Array } | null> {
  const { id, tokenHash, now, life, authentication } = renewal
  const proved = authentication
    ? Prisma.sql`, aal = greatest(aal, ${authentication.aal}::smallint), authenticated_at = ${now},
        amr = CASE WHEN aal > ${authentication.aal}::smallint THEN amr ELSE ${authentication.amr}::text[] END`
    : Prisma.empty
  const rows = await db.$queryRaw<(GrantedSession & { replacedHash: Uint8Array })[]>`
    WITH live AS (
      SELECT id, refresh_token_hash FROM sessions
      WHERE id = ${id}::uuid AND revoked_at IS NULL AND expires_at > ${now} AND created_at > ${later(now, -life.maxAge)}
      FOR UPDATE
    ), renewed AS (
      UPDATE sessions SET refresh_token_hash = ${tokenHash}, last_seen_at = ${now}, expires_at = ${expiryOf(now, life)}${proved}
      FROM live
      WHERE sessions.id = live.id
      RETURNING sessions.*, live.refresh_token_hash AS replaced_hash
    ), replaced AS (
      INSERT INTO replaced_refresh_tokens (token_hash, session_id, replaced_at)
      SELECT replaced_hash, id, ${now} FROM renewed
    )
    SELECT id, created_at AS "createdAt", last_seen_at AS "lastSeenAt", expires_at AS "expiresAt",
      ip_address AS "ipAddress", user_agent AS "userAgent", aal, amr, authenticated_at AS "authenticatedAt",
      replaced_hash AS "replacedHash", ${grantsOf(Prisma.sql`renewed.user_id`)}
    FROM renewed`
  const renewed = rows[0]
  if (!renewed) return null
  const { replacedHash, ...session } = renewed
  return { session, replacedHash }
}

/** The session, live or not, whose current refresh token this is. */
export function findSessionByToken(db: Queryable, refreshTokenHash: Uint8Array<ArrayBuffer>) {
  return db.session.findUnique({ where: { refreshTokenHash } })
}

/** The session to which a replaced refresh token belongs, and the record of the replacement. */
export interface ReplacedToken {
  session: GrantedSession & { refreshTokenHash: Uint8Array; revokedAt: Date | null }
  user: { id: string; email: string; locale: string; disabledAt: Date | null }
  inGrace: boolean
  successorSealed: Uint8Array | null
}

export async function findReplacedToken(
  db: Queryable,
  tokenHash: Uint8Array<ArrayBuffer>,
  grace: number,
): Promise<ReplacedToken | null> {
  const rows = await db.$queryRaw<(ReplacedToken['session'] & FlatReplacement)[]>`
    SELECT s.id, s.created_at AS "createdAt", s.last_seen_at AS "lastSeenAt", s.expires_at AS "expiresAt",
      s.ip_address AS "ipAddress", s.user_agent AS "userAgent", s.aal, s.amr,
      s.authenticated_at AS "authenticatedAt", s.refresh_token_hash AS "refreshTokenHash",
      s.revoked_at AS "revokedAt", u.id AS "userId", u.email, u.locale, u.disabled_at AS "disabledAt",
      ${inGrace(grace)} AS "inGrace", r.successor_sealed AS "successorSealed", ${grantsOf(Prisma.sql`u.id`)}
    FROM replaced_refresh_tokens r JOIN sessions s ON s.id = r.session_id JOIN users u ON u.id = s.user_id
    WHERE r.token_hash = ${tokenHash}`
  const row = rows[0]
  if (!row) return null
  const { userId, email, locale, disabledAt, inGrace: isInGrace, successorSealed, ...session } = row
  return { session, user: { id: userId, email, locale, disabledAt }, inGrace: isInGrace, successorSealed }
}

interface FlatReplacement {
  userId: string
  email: string
  locale: string
  disabledAt: Date | null
  inGrace: boolean
  successorSealed: Uint8Array | null
}

/** The session to which a current or replaced refresh token belongs, as a browser's cookie may hold either. */
export async function findSessionByAnyToken(db: Queryable, tokenHash: Uint8Array<ArrayBuffer>) {
  const rows = await db.$queryRaw<{ id: string; userId: string; revokedAt: Date | null }[]>`
    SELECT id, user_id AS "userId", revoked_at AS "revokedAt" FROM sessions WHERE id IN (
      SELECT id FROM sessions WHERE refresh_token_hash = ${tokenHash}
      UNION ALL SELECT session_id FROM replaced_refresh_tokens WHERE token_hash = ${tokenHash})`
  return rows[0] ?? null
}

/**
 * Deletes sealed successors whose grace is over. Skips rows that a rotation has locked: waiting for them in another order
 * could deadlock.
 */
export async function deleteExpiredSuccessors(db: Queryable, grace: number): Promise<void> {
  await db.$executeRaw`
    UPDATE replaced_refresh_tokens SET successor_sealed = NULL WHERE token_hash IN (
      SELECT token_hash FROM replaced_refresh_tokens
      WHERE successor_sealed IS NOT NULL AND NOT ${inGrace(grace)}
      FOR UPDATE SKIP LOCKED)`
}
