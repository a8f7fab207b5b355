import type { Queryable, Transaction } from './database'

/** An account as an operator sees it: no hash, no token, no secret. Null if the address has none. */
export function findUserForOperator(db: Queryable, email: string, now: Date) {
  return db.user.findUnique({
    where: { email },
    select: {
      ...{ id: true, email: true, emailVerifiedAt: true, displayName: true, locale: true, createdAt: true },
      ...{ disabledAt: true, importedAt: true, roles: true, claims: true },
      totpFactors: { where: { confirmedAt: { not: null } }, select: { id: true, name: true, lastUsedAt: true } },
      passkeys: { select: { id: true, name: true, lastUsedAt: true } },
      sessions: {
        where: { revokedAt: null, expiresAt: { gt: now } },
        orderBy: { createdAt: 'desc' },
        select: { id: true, createdAt: true, lastSeenAt: true, ipAddress: true, userAgent: true, aal: true },
      },
    },
  })
}

/** Disables an account from a time on, or enables it with null. */
export async function setDisabled(
  tx: Transaction,
  id: string,
  { disabledAt, now }: { disabledAt: Date | null; now: Date },
): Promise<void> {
  await tx.user.update({ where: { id }, data: { disabledAt, updatedAt: now } })
}
