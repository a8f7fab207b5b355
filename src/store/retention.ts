import type { Database, Transaction } from './database'

export interface Limits {
  unverifiedBefore: Date
  sessionsEndedBefore: Date
  tokensDeadBefore: Date
  tokensReplacedBefore: Date
  auditBefore: Date
}

/**
 * Deletes what has no use any more, and returns how many rows of each. Safe to run at any time, on any instance: a table
 * that another one is purging is left to it.
 */
export async function purge(database: Database, limits: Limits): Promise<Record<string, number>> {
  const { unverifiedBefore, sessionsEndedBefore, tokensDeadBefore, tokensReplacedBefore, auditBefore } = limits
  const alone = (work: (tx: Transaction) => Promise<{ count: number }>): Promise<number> =>
    database.transaction(async (tx) => ((await lockPurge(tx)) ? (await work(tx)).count : 0))
  return {
    unverifiedUsers: await alone((tx) =>
      tx.user.deleteMany({
        where: {
          emailVerifiedAt: null,
          createdAt: { lt: unverifiedBefore },
          registrations: { none: { createdAt: { gte: unverifiedBefore } } },
        },
      }),
    ),
    registrations: await alone((tx) => tx.registration.deleteMany({ where: { createdAt: { lt: unverifiedBefore } } })),
    sessions: await alone((tx) =>
      tx.session.deleteMany({
        where: { OR: [{ expiresAt: { lt: sessionsEndedBefore } }, { revokedAt: { lt: sessionsEndedBefore } }] },
      }),
    ),
    oneTimeTokens: await alone((tx) => tx.oneTimeToken.deleteMany({ where: { expiresAt: { lt: tokensDeadBefore } } })),
    replacedTokens: await alone((tx) =>
      tx.replacedRefreshToken.deleteMany({ where: { replacedAt: { lt: tokensReplacedBefore } } }),
    ),
    auditEvents: await alone((tx) => tx.auditEvent.deleteMany({ where: { createdAt: { lt: auditBefore } } })),
  }
}

/** False where another transaction holds it. Freed with the transaction: an instance that is killed blocks nobody. */
async function lockPurge(tx: Transaction): Promise<boolean> {
  const rows = await tx.$queryRaw<{ locked: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(hashtext('gatehouse'), hashtext('purge')) AS locked`
  return rows[0]?.locked === true
}
