import type { Queryable, Transaction } from './database'
import { Prisma } from '../generated/prisma/client'
import type { Grants } from '../lib/grants'
import type { AccountKey } from './users'

/** The grants of a user as a column of a statement that starts or continues a session: they cost no statement of their own. */
export function grantsOf(userId: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`(
    SELECT jsonb_build_object('roles', holder.roles, 'claims', holder.claims) FROM users holder WHERE holder.id = ${userId}
  ) AS grants`
}

/** The account of an address or id, locked until the transaction ends; null if there is none. */
export async function lockGrants(tx: Transaction, account: AccountKey) {
  const found = await tx.user.findUnique({ where: account, select: { id: true } })
  if (!found) return null
  const rows = await tx.$queryRaw<(Grants & { id: string; email: string })[]>`
    SELECT id, email, roles, claims FROM users WHERE id = ${found.id}::uuid FOR NO KEY UPDATE`
  return rows[0] ?? null
}

export async function updateGrants(db: Queryable, id: string, change: Partial<Grants> & { now: Date }): Promise<void> {
  const { now, ...grants } = change
  await db.user.update({ where: { id }, data: { ...grants, updatedAt: now } })
}
