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
  maxDevices: number
  loginFailures: GuessLimit
}

/**
 * Deletes rows past their retention, and returns the number per table. Safe to run concurrently on several instances: while
 * one of them purges, the others skip.
 */
export async function purgeExpiredRows(database: Database, limits: Limits): Promise<Record<string, number>> {
  const { now, unverifiedBefore, sessionsEndedBefore, tokensDeadBefore, tokensReplacedBefore, auditBefore } = limits
  const { challengesExpiredBefore, enrolmentsBefore } = limits
  const alone = (work: (tx: Transaction) => Promise<{ count: number }>): Promise<number> =>
    database.transaction(async (tx) => ((await lockPurge(tx)) ? (await work(tx)).count : 0))
  return {
    unverifiedUsers: await alone((tx) => purgeUnverified(tx, unverifiedBefore)),
    registrations: await alone((tx) => purgeRegistrations(tx, unverifiedBefore)),
    sessions: await alone((tx) =>
      tx.session.deleteMany({
        where: { OR: [{ expiresAt: { lt: sessionsEndedBefore } }, { revokedAt: { lt: sessionsEndedBefore } }] },
      }),
    ),
    oneTimeTokens: await alone((tx) => tx.oneTimeToken.deleteMany({ where: { expiresAt: { lt: tokensDeadBefore } } })),
    formerEmails: await alone((tx) => tx.formerEmail.deleteMany({ where: { expiresAt: { lt: tokensDeadBefore } } })),
    knownDevices: await alone((tx) =>
      tx.knownDevice.deleteMany({ where: { lastSeenAt: { lt: limits.devicesBefore } } }),
    ),
    surplusDevices: await alone((tx) => purgeSurplusDevices(tx, limits.maxDevices)),
    replacedTokens: await alone((tx) =>
      tx.replacedRefreshToken.deleteMany({ where: { replacedAt: { lt: tokensReplacedBefore } } }),
    ),
    challenges: await alone((tx) => tx.challenge.deleteMany({ where: { expiresAt: { lt: challengesExpiredBefore } } })),
    totpEnrolments: await alone((tx) =>
      tx.totpFactor.deleteMany({ where: { confirmedAt: null, createdAt: { lt: enrolmentsBefore } } }),
    ),
    countedMails: await alone((tx) => tx.countedMail.deleteMany({ where: { expiresAt: { lt: now } } })),
    auditEvents: await alone((tx) => tx.auditEvent.deleteMany({ where: { createdAt: { lt: auditBefore } } })),
    serviceKeys: await alone((tx) =>
      tx.serviceKey.deleteMany({
        where: { OR: [{ expiresAt: { lt: auditBefore } }, { revokedAt: { lt: auditBefore } }] },
      }),
    ),
    webhookDeliveries: await alone((tx) =>
      tx.webhookDelivery.deleteMany({ where: { createdAt: { lt: limits.webhooksBefore } } }),
    ),
    loginFailures: await alone((tx) => purgeLoginFailures(tx, limits.loginFailures)),
    rateLimitCounters: await alone(purgeRateLimitCounters),
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

/** Keeps the newest devices of an account. A device whose login was rejected stays: it must not pass for a known one. */
async function purgeSurplusDevices(tx: Transaction, max: number): Promise<{ count: number }> {
  const count = await tx.$executeRaw`
    DELETE FROM known_devices WHERE id IN (
      SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY user_id ORDER BY last_seen_at DESC, id) AS position
        FROM known_devices
        WHERE is_known AND user_id IN (SELECT user_id FROM known_devices GROUP BY user_id HAVING count(*) > ${max})
      ) AS ranked WHERE position > ${max})`
  return { count }
}

/** Windows begin and end by the database's clock. */
async function purgeRateLimitCounters(tx: Transaction): Promise<{ count: number }> {
  const count = await tx.$executeRaw`
    DELETE FROM rate_limit_counters WHERE expire <= extract(epoch FROM clock_timestamp()) * 1000`
  return { count }
}
