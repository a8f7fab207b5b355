import type { Queryable, Transaction } from './database'
import { type AccountKey, NO_PASSWORD } from './users'
import type { Grants } from '../lib/grants'

/** Accounts as an operator sees them: no hash, no token, no secret. In the order of the ids; a deleted one is left out. */
export async function findAccountsForOperator(db: Queryable, ids: readonly string[], now: Date) {
  const found = await db.user.findMany({
    where: { id: { in: [...ids] } },
    select: {
      ...{ id: true, email: true, emailVerifiedAt: true, displayName: true, locale: true, createdAt: true },
      ...{ lastLoginAt: true, disabledAt: true, disabledReason: true, importedAt: true, roles: true, claims: true },
      totpFactors: {
        where: { confirmedAt: { not: null } },
        select: { id: true, name: true, createdAt: true, lastUsedAt: true },
      },
      passkeys: { select: { id: true, name: true, createdAt: true, lastUsedAt: true } },
      sessions: {
        where: { revokedAt: null, expiresAt: { gt: now } },
        orderBy: { createdAt: 'desc' },
        select: {
          ...{ id: true, createdAt: true, lastSeenAt: true, expiresAt: true },
          ...{ ipAddress: true, userAgent: true, aal: true },
        },
      },
    },
  })
  return ids.flatMap((id) => found.find((user) => user.id === id) ?? [])
}
export type OperatedAccount = Awaited<ReturnType<typeof findAccountsForOperator>>[number]

/** Who has the role `operator` and can be mailed: accounts that are verified and not disabled. */
export function listOperators(db: Queryable, limit: number): Promise<{ id: string; email: string; locale: string }[]> {
  return db.$queryRaw`
    SELECT id, email, locale FROM users
    WHERE roles @> ARRAY['operator'] AND email_verified_at IS NOT NULL AND disabled_at IS NULL ORDER BY id LIMIT ${limit}`
}

/** The roles in use with the number of accounts that have them, by name. */
export function listRoles(db: Queryable, limit: number): Promise<{ name: string; users: number }[]> {
  return db.$queryRaw`
    SELECT name, count(*)::int AS users FROM users, unnest(roles) AS name WHERE roles <> '{}'
    GROUP BY name ORDER BY name LIMIT ${limit}`
}

/** Disables an account from a time on, for a reason that operators read, or enables it with null. */
export async function setDisabled(
  tx: Transaction,
  id: string,
  { disabledAt, reason, now }: { disabledAt: Date | null; reason: string | null; now: Date },
): Promise<void> {
  await tx.user.update({ where: { id }, data: { disabledAt, disabledReason: reason, updatedAt: now } })
}

/**
 * Inserts an account that an operator creates. Like an import it replaces a registration that was never verified, and no
 * registration changes it later. False if the address has an account.
 */
export async function insertOperatedUser(
  tx: Transaction,
  { now, ...user }: Grants & { id: string; email: string; displayName: string | null; locale: string; now: Date },
): Promise<boolean> {
  await tx.user.deleteMany({ where: { email: user.email, emailVerifiedAt: null, importedAt: null } })
  const times = { passwordChangedAt: now, importedAt: now, createdAt: now, updatedAt: now }
  const { count } = await tx.user.createMany({
    data: [{ ...user, ...times, passwordHash: NO_PASSWORD }],
    skipDuplicates: true,
  })
  return count === 1
}

/** The exact number of accounts: it reads all of them. */
export function countUsers(db: Queryable): Promise<number> {
  return db.user.count()
}

/** The id of an account; null if there is none. */
export async function findAccountId(db: Queryable, key: AccountKey): Promise<string | null> {
  return (await db.user.findUnique({ where: key, select: { id: true } }))?.id ?? null
}
