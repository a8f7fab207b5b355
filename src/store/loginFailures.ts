import type { Queryable } from './database'
import { Prisma } from '../generated/prisma/client'

type Key = Uint8Array<ArrayBuffer>

export interface GuessLimit {
  /** Consecutive failures. */
  max: number
  /** Milliseconds after the last failure until the count is reset, by the database's clock. */
  life: number
}

/**
 * Expression of the statement that finds what a login compares with: it counts the attempt as failed before the password is
 * compared, so that parallel attempts cannot exceed the limit. `counted` has no row if the limit is reached.
 */
export function countFailure(key: Key, { max, life }: GuessLimit): Prisma.Sql {
  return Prisma.sql`
    counted AS (
      INSERT INTO login_failures AS known (address_hash, failures, last_failed_at) VALUES (${key}, 1, clock_timestamp())
      ON CONFLICT (address_hash) DO UPDATE SET last_failed_at = excluded.last_failed_at, failures =
        CASE WHEN known.last_failed_at > clock_timestamp() - ${life} * interval '1 ms' THEN known.failures + 1 ELSE 1 END
      WHERE known.failures < ${max} OR known.last_failed_at <= clock_timestamp() - ${life} * interval '1 ms'
      RETURNING 1
    )`
}

/** Uncounts an attempt that compared no password. */
export async function uncountLoginFailure(db: Queryable, key: Key): Promise<void> {
  await db.$executeRaw`UPDATE login_failures SET failures = failures - 1 WHERE address_hash = ${key} AND failures > 0`
}

/** Milliseconds until the count of an address is reset; 0 if it has no failures. */
export async function msUntilFailuresExpire(db: Queryable, key: Key, { life }: GuessLimit): Promise<number> {
  const rows = await db.$queryRaw<{ left: number }[]>`
    SELECT (extract(epoch FROM last_failed_at - clock_timestamp()) * 1000 + ${life})::float8 AS "left"
    FROM login_failures WHERE address_hash = ${key}`
  return Math.max(0, rows[0]?.left ?? 0)
}

/** Resets the count of an address. */
export async function resetLoginFailures(db: Queryable, key: Key): Promise<void> {
  await db.$executeRaw`DELETE FROM login_failures WHERE address_hash = ${key}`
}

/** The condition of failures that count no longer, by the database's clock. */
export function failedBefore({ life }: GuessLimit): Prisma.Sql {
  return Prisma.sql`last_failed_at <= now() - ${life} * interval '1 ms'`
}

/** The IP addresses of a user's recent logins, from sessions and audit events. */
export async function addressesOfLogins(db: Queryable, userId: string, limit: number): Promise<string[]> {
  const rows = await db.$queryRaw<{ address: string }[]>`
    (SELECT ip_address AS address FROM sessions
      WHERE user_id = ${userId}::uuid AND ip_address IS NOT NULL ORDER BY last_seen_at DESC LIMIT ${limit})
    UNION
    (SELECT ip_address FROM audit_events
      WHERE user_id = ${userId}::uuid AND type = 'login_succeeded' AND ip_address IS NOT NULL
      ORDER BY created_at DESC LIMIT ${limit})`
  return rows.map(({ address }) => address)
}
