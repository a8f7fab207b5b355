import type { Database, Transaction } from './database'
import { type GuessLimit, failedBefore } from './loginFailures'
import { Prisma } from '../generated/prisma/client'

export interface Limits {
  now: Date
  unverifiedBefore: Date
  sessionsEndedBefore: Date
  tokensDeadBefore: Date
  tokensReplacedBefore: Date
  auditBefore: Date
  webhooksBefore: Date
  challengesExpiredBefore: Date
  enrolmentsBefore: Date
  devicesBefore: Date
  devices: { max: number; perDay: number; dayBefore: Date }
  loginFailures: GuessLimit
  /** Rows that one statement deletes at most. */
  batch: number
}

type Step = (tx: Transaction) => Promise<{ count: number }>

/**
 * Deletes rows past their retention, and returns the number per table. One transaction deletes `batch` rows at most: it ends
 * long before the statement timeout, also where a million have waited, and others wait for its locks no longer than that.
 * Safe to run concurrently on several instances: while one of them deletes, the others skip. A step that fails does not keep
 * the later ones from their rows; the first error is thrown at the end. After `signal` no further transaction begins.
 */
export async function purgeExpiredRows(
  database: Database,
  limits: Limits,
  signal?: AbortSignal,
): Promise<Record<string, number>> {
  const purged: Record<string, number> = {}
  const failures: unknown[] = []
  for (const [name, step] of Object.entries(stepsOf(limits))) {
    const alone = () => database.transaction(async (tx) => ((await lockPurge(tx)) ? (await step(tx)).count : 0))
    await inBatches(alone, limits.batch, signal).then(
      (count) => (purged[name] = count),
      (error: unknown) => failures.push(error),
    )
  }
  if (failures.length > 0) throw failures[0]
  return purged
}

/** Repeats a deletion until it finds less than a whole batch. Resolves to the rows of all. */
async function inBatches(deletion: () => Promise<number>, batch: number, signal?: AbortSignal): Promise<number> {
  for (let deleted = 0; ;) {
    if (signal?.aborted) return deleted
    const count = await deletion()
    deleted += count
    if (count < batch) return deleted
  }
}

function stepsOf(limits: Limits): Record<string, Step> {
  const { now, unverifiedBefore, tokensDeadBefore: dead, sessionsEndedBefore: ended, auditBefore, batch } = limits
  const rows = (table: string, key: string, condition: Prisma.Sql) => (tx: Transaction) =>
    deleteRows(tx, { table, key, condition, batch })
  return {
    unverifiedUsers: rows('users', 'id', unverified(unverifiedBefore)),
    registrations: rows('registrations', 'id', surplusRegistration(unverifiedBefore)),
    sessions: rows('sessions', 'id', Prisma.sql`expires_at < ${ended} OR revoked_at < ${ended}`),
    oneTimeTokens: rows('one_time_tokens', 'id', Prisma.sql`expires_at < ${dead}`),
    formerEmails: rows('former_emails', 'id', Prisma.sql`expires_at < ${dead}`),
    knownDevices: rows('known_devices', 'id', Prisma.sql`last_seen_at < ${limits.devicesBefore}`),
    surplusDevices: (tx) => purgeSurplusDevices(tx, limits),
    replacedTokens: rows(
      'replaced_refresh_tokens',
      'token_hash',
      Prisma.sql`replaced_at < ${limits.tokensReplacedBefore}`,
    ),
    challenges: rows('challenges', 'id', Prisma.sql`expires_at < ${limits.challengesExpiredBefore}`),
    totpEnrolments: rows(
      'totp_factors',
      'id',
      Prisma.sql`confirmed_at IS NULL AND created_at < ${limits.enrolmentsBefore}`,
    ),
    countedMails: rows('counted_mails', 'id', Prisma.sql`expires_at < ${now}`),
    auditEvents: rows('audit_events', 'id', Prisma.sql`created_at < ${auditBefore}`),
    serviceKeys: rows('service_keys', 'id', Prisma.sql`expires_at < ${auditBefore} OR revoked_at < ${auditBefore}`),
    webhookDeliveries: rows('webhook_deliveries', 'id', Prisma.sql`created_at < ${limits.webhooksBefore}`),
    loginFailures: rows('login_failures', 'address_hash', failedBefore(limits.loginFailures)),
    // Windows begin and end by the database's clock.
    rateLimitCounters: rows('rate_limit_counters', 'key', Prisma.sql`expire <= extract(epoch FROM now()) * 1000`),
  }
}

interface Deletion {
  table: string
  /** The column of its primary key. */
  key: string
  condition: Prisma.Sql
  batch: number
}

/**
 * Locks the rows before it deletes them: the condition is read again on a row that has changed meanwhile, so that an account
 * which was verified at this moment stays, and a row that somebody is changing waits for the next purge.
 */
async function deleteRows(tx: Transaction, { table, key, condition, batch }: Deletion): Promise<{ count: number }> {
  const [rows, id] = [Prisma.raw(table), Prisma.raw(key)]
  const count = await tx.$executeRaw`
    WITH due AS MATERIALIZED (
      SELECT ${id} AS id FROM ${rows} WHERE ${condition} LIMIT ${batch} FOR UPDATE SKIP LOCKED
    )
    DELETE FROM ${rows} WHERE ${id} = ANY (ARRAY(SELECT id FROM due))`
  return { count }
}

/** False if another transaction has the lock. It ends with the transaction, also if the instance is killed. */
async function lockPurge(tx: Transaction): Promise<boolean> {
  const rows = await tx.$queryRaw<{ locked: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(hashtext('gatehouse'), hashtext('purge')) AS locked`
  return rows[0]?.locked === true
}

/** An account and its registrations, once the newest registration is old. Imported accounts stay. */
function unverified(before: Date): Prisma.Sql {
  return Prisma.sql`
    email_verified_at IS NULL AND imported_at IS NULL AND created_at < ${before}
    AND NOT EXISTS (SELECT FROM registrations r WHERE r.user_id = users.id AND r.created_at >= ${before})`
}

/**
 * Keeps the two newest registrations of an unverified account: if one of two were deleted, a link would activate the other,
 * which may be a stranger's.
 */
function surplusRegistration(before: Date): Prisma.Sql {
  return Prisma.sql`
    created_at < ${before} AND (
      EXISTS (SELECT FROM users u WHERE u.id = user_id AND u.email_verified_at IS NOT NULL)
      OR 1 < (
        SELECT count(*) FROM registrations newer
        WHERE newer.user_id = registrations.user_id AND newer.activated_at IS NULL
          AND (newer.created_at, newer.id) > (registrations.created_at, registrations.id)))`
}

/**
 * Keeps the newest devices of an account. A device whose login was rejected stays: it must not pass for a known one. Looks at
 * accounts with many devices of the last day alone, since a look at all rows grows with the number of accounts.
 */
async function purgeSurplusDevices(
  tx: Transaction,
  { devices: { max, perDay, dayBefore }, batch }: Limits,
): Promise<{ count: number }> {
  const count = await tx.$executeRaw`
    WITH busy AS (
      SELECT user_id FROM known_devices WHERE last_seen_at > ${dayBefore} GROUP BY user_id HAVING count(*) > ${perDay}
    ), ranked AS (
      SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY last_seen_at DESC, id) AS position
      FROM known_devices WHERE is_known AND user_id IN (SELECT user_id FROM busy)
    )
    DELETE FROM known_devices WHERE id = ANY (ARRAY(SELECT id FROM ranked WHERE position > ${max} LIMIT ${batch}))`
  return { count }
}
