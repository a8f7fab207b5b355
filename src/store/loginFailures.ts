import type { Queryable } from './database'

type Key = Uint8Array<ArrayBuffer>

export interface GuessLimit {
  /** Failures in a row. */
  max: number
  /** Milliseconds after the last of them until they are forgotten, by the database's clock. */
  life: number
}

/**
 * Counts an attempt as failed before its password is compared, so that parallel attempts cannot outrun the limit. False,
 * and nothing counted, where so many have failed already.
 */
export async function countLoginFailure(db: Queryable, key: Key, { max, life }: GuessLimit): Promise<boolean> {
  const counted = await db.$executeRaw`
    INSERT INTO login_failures AS known (address_hash, failures, last_failed_at) VALUES (${key}, 1, clock_timestamp())
    ON CONFLICT (address_hash) DO UPDATE SET last_failed_at = excluded.last_failed_at, failures =
      CASE WHEN known.last_failed_at > clock_timestamp() - ${life} * interval '1 ms' THEN known.failures + 1 ELSE 1 END
    WHERE known.failures < ${max} OR known.last_failed_at <= clock_timestamp() - ${life} * interval '1 ms'`
  return counted === 1
}

/** Takes an attempt back that compared no password. */
export async function uncountLoginFailure(db: Queryable, key: Key): Promise<void> {
  await db.$executeRaw`UPDATE login_failures SET failures = failures - 1 WHERE address_hash = ${key} AND failures > 0`
}

/** Milliseconds until the failures of an address are forgotten; 0 where there are none. */
export async function msUntilFailuresForgotten(db: Queryable, key: Key, { life }: GuessLimit): Promise<number> {
  const rows = await db.$queryRaw<{ left: number }[]>`
    SELECT (extract(epoch FROM last_failed_at - clock_timestamp()) * 1000 + ${life})::float8 AS "left"
    FROM login_failures WHERE address_hash = ${key}`
  return Math.max(0, rows[0]?.left ?? 0)
}

/** Forgets the failures of an address. */
export async function forgetLoginFailures(db: Queryable, key: Key): Promise<void> {
  await db.$executeRaw`DELETE FROM login_failures WHERE address_hash = ${key}`
}

/** Deletes what is older than `life` milliseconds. */
export async function purgeLoginFailures(db: Queryable, { life }: GuessLimit): Promise<void> {
  await db.$executeRaw`
    DELETE FROM login_failures WHERE last_failed_at <= clock_timestamp() - ${life} * interval '1 ms'`
}

/** The addresses that a user has logged in from lately, as the sessions and the audit tell. */
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
