import type { Database, Transaction } from './database'
import { type GuessLimit, purgeLoginFailures } from './loginFailures'

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
}

type Step = (tx: Transaction) => Promise<{ count: number }>

/**
 * Deletes rows past their retention, and returns the number per table. Safe to run concurrently on several instances: while
 * one of them purges, the others skip. A step that fails does not keep the later ones from their rows; the first error is
 * thrown at the end.
 */
export async function purgeExpiredRows(database: Database, limits: Limits): Promise<Record<string, number>> {
  const purged: Record<string, number> = {}
  const failures: unknown[] = []
  for (const [name, step] of Object.entries(stepsOf(limits))) {
    const alone = database.transaction(async (tx) => ((await lockPurge(tx)) ? (await step(tx)).count : 0))
    await alone.then(
      (count) => (purged[name] = count),
      (error: unknown) => failures.push(error),
    )
  }
  if (failures.length > 0) throw failures[0]
  return purged
}

function stepsOf(limits: Limits): Record<string, Step> {
  const { now, unverifiedBefore, tokensDeadBefore: dead, sessionsEndedBefore: ended, auditBefore } = limits
  return {
    unverifiedUsers: (tx) => purgeUnverified(tx, unverifiedBefore),
    registrations: (tx) => purgeRegistrations(tx, unverifiedBefore),
    sessions: (tx) =>
      tx.session.deleteMany({ where: { OR: [{ expiresAt: { lt: ended } }, { revokedAt: { lt: ended } }] } }),
    oneTimeTokens: (tx) => tx.oneTimeToken.deleteMany({ where: { expiresAt: { lt: dead } } }),
    formerEmails: (tx) => tx.formerEmail.deleteMany({ where: { expiresAt: { lt: dead } } }),
    knownDevices: (tx) => tx.knownDevice.deleteMany({ where: { lastSeenAt: { lt: limits.devicesBefore } } }),
    surplusDevices: (tx) => purgeSurplusDevices(tx, limits),
    replacedTokens: (tx) =>
      tx.replacedRefreshToken.deleteMany({ where: { replacedAt: { lt: limits.tokensReplacedBefore } } }),
    challenges: (tx) => tx.challenge.deleteMany({ where: { expiresAt: { lt: limits.challengesExpiredBefore } } }),
    totpEnrolments: (tx) =>
      tx.totpFactor.deleteMany({ where: { confirmedAt: null, createdAt: { lt: limits.enrolmentsBefore } } }),
    countedMails: (tx) => tx.countedMail.deleteMany({ where: { expiresAt: { lt: now } } }),
    auditEvents: (tx) => tx.auditEvent.deleteMany({ where: { createdAt: { lt: auditBefore } } }),
    serviceKeys: (tx) =>
      tx.serviceKey.deleteMany({
        where: { OR: [{ expiresAt: { lt: auditBefore } }, { revokedAt: { lt: auditBefore } }] },
      }),
    webhookDeliveries: (tx) => tx.webhookDelivery.deleteMany({ where: { createdAt: { lt: limits.webhooksBefore } } }),
    loginFailures: (tx) => purgeLoginFailures(tx, limits.loginFailures),
    rateLimitCounters: purgeRateLimitCounters,
  }
}

/** False if another transaction has the lock. It ends with the transaction, also if the instance is killed. */
async function lockPurge(tx: Transaction): Promise<boolean> {
  const rows = await tx.$queryRaw<{ locked: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(hashtext('gatehouse'), hashtext('purge')) AS locked`
  return rows[0]?.locked === true
}

/** Deletes unverified accounts with their registrations once the newest registration is old. Imported accounts stay. */
function purgeUnverified(tx: Transaction, before: Date): Promise<{ count: number }> {
  return tx.user.deleteMany({
    where: {
      ...{ emailVerifiedAt: null, importedAt: null, createdAt: { lt: before } },
      registrations: { none: { createdAt: { gte: before } } },
    },
  })
}

/**
 * Keeps the two newest registrations of an unverified account: if one of two were deleted, a link would activate the other,
 * which may be a stranger's.
 */
async function purgeRegistrations(tx: Transaction, before: Date): Promise<{ count: number }> {
  const count = await tx.$executeRaw`
    DELETE FROM registrations r USING users u
    WHERE r.created_at < ${before} AND u.id = r.user_id
      AND (u.email_verified_at IS NOT NULL OR 1 < (
        SELECT count(*) FROM registrations newer
        WHERE newer.user_id = r.user_id AND newer.activated_at IS NULL AND (newer.created_at, newer.id) > (r.created_at, r.id)))`
  return { count }
}

/**
 * Keeps the newest devices of an account. A device whose login was rejected stays: it must not pass for a known one. Looks at
 * accounts with many devices of the last day alone, since a look at all rows grows with the number of accounts.
 */
async function purgeSurplusDevices(
  tx: Transaction,
  { devices: { max, perDay, dayBefore } }: Pick<Limits, 'devices'>,
): Promise<{ count: number }> {
  const count = await tx.$executeRaw`
    WITH busy AS (
      SELECT user_id FROM known_devices WHERE last_seen_at > ${dayBefore} GROUP BY user_id HAVING count(*) > ${perDay}
    ), ranked AS (
      SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY last_seen_at DESC, id) AS position
      FROM known_devices WHERE is_known AND user_id IN (SELECT user_id FROM busy)
    )
    DELETE FROM known_devices WHERE id = ANY (ARRAY(SELECT id FROM ranked WHERE position > ${max}))`
  return { count }
}

/** Windows begin and end by the database's clock. */
async function purgeRateLimitCounters(tx: Transaction): Promise<{ count: number }> {
  const count = await tx.$executeRaw`
    DELETE FROM rate_limit_counters WHERE expire <= extract(epoch FROM clock_timestamp()) * 1000`
  return { count }
}
