import type { Queryable } from './database'

export interface Limits {
  unverifiedBefore: Date
  sessionsEndedBefore: Date
  tokensDeadBefore: Date
  tokensReplacedBefore: Date
  auditBefore: Date
}

/** Deletes what has no use any more, and tells how many rows of each. Safe to run at any time, on any instance. */
export async function purge(db: Queryable, limits: Limits): Promise<Record<string, number>> {
  const { unverifiedBefore, sessionsEndedBefore, tokensDeadBefore, tokensReplacedBefore, auditBefore } = limits
  const users = await db.user.deleteMany({
    where: {
      emailVerifiedAt: null,
      createdAt: { lt: unverifiedBefore },
      registrations: { none: { createdAt: { gte: unverifiedBefore } } },
    },
  })
  const registrations = await db.registration.deleteMany({ where: { createdAt: { lt: unverifiedBefore } } })
  const sessions = await db.session.deleteMany({
    where: { OR: [{ expiresAt: { lt: sessionsEndedBefore } }, { revokedAt: { lt: sessionsEndedBefore } }] },
  })
  const tokens = await db.oneTimeToken.deleteMany({ where: { expiresAt: { lt: tokensDeadBefore } } })
  const replaced = await db.replacedRefreshToken.deleteMany({ where: { replacedAt: { lt: tokensReplacedBefore } } })
  const audit = await db.auditEvent.deleteMany({ where: { createdAt: { lt: auditBefore } } })
  return {
    unverifiedUsers: users.count,
    registrations: registrations.count,
    sessions: sessions.count,
    oneTimeTokens: tokens.count,
    replacedTokens: replaced.count,
    auditEvents: audit.count,
  }
}
