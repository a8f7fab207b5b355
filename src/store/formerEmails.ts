import type { Queryable, Transaction } from './database'

export interface NewFormerEmail {
  id: string
  userId: string
  email: string
  tokenHash: Uint8Array<ArrayBuffer>
  changedAt: Date
  expiresAt: Date
}

/**
 * Keeps the address that a locked account had, for the link that restores it. An account that returns to an address it had
 * ends the changes since, and the address that it leaves is not kept: whoever made those changes must not get a link. True
 * if the address is kept.
 */
export async function keepFormerEmail(
  tx: Transaction,
  former: NewFormerEmail,
  { newEmail }: { newEmail: string },
): Promise<boolean> {
  const returnedTo = await findKept(tx, newEmail, former.changedAt)
  if (returnedTo?.userId === former.userId) {
    await endChangesSince(tx, returnedTo)
    return false
  }
  await tx.formerEmail.deleteMany({ where: { email: former.email } }) // expired, or the insert fails
  await tx.formerEmail.create({ data: former })
  return true
}

/** The account that an address is kept for; null if any account may get it. */
export function findKept(db: Queryable, email: string, now: Date) {
  return db.formerEmail.findUnique({ where: { email, expiresAt: { gt: now } }, include: { user: true } })
}
export type FormerEmail = NonNullable<Awaited<ReturnType<typeof findKept>>>

/** The addresses that are kept for an account. */
export async function formerEmailsOf(db: Queryable, userId: string, now: Date): Promise<string[]> {
  const rows = await db.formerEmail.findMany({ where: { userId, expiresAt: { gt: now } } })
  return rows.map(({ email }) => email)
}

/** Those of these addresses that are kept. */
export async function keptOf(db: Queryable, emails: readonly string[], now: Date): Promise<ReadonlySet<string>> {
  const rows = await db.formerEmail.findMany({ where: { email: { in: [...emails] }, expiresAt: { gt: now } } })
  return new Set(rows.map(({ email }) => email))
}

/** Whether an address is kept for another account. */
export async function isKeptFromOthers(
  db: Queryable,
  { email, userId, now }: { email: string; userId: string | null; now: Date },
): Promise<boolean> {
  const kept = await findKept(db, email, now)
  return kept !== null && kept.userId !== userId
}

export function findFormerEmail(db: Queryable, tokenHash: Uint8Array<ArrayBuffer>): Promise<FormerEmail | null> {
  return db.formerEmail.findUnique({ where: { tokenHash }, include: { user: true } })
}

/** Uses the link up, and ends those of later changes. Call with the account locked: of concurrent calls only one gets true. */
export async function takeFormerEmail(tx: Transaction, former: FormerEmail, now: Date): Promise<boolean> {
  const { count } = await tx.formerEmail.deleteMany({ where: { id: former.id, expiresAt: { gt: now } } })
  if (count === 1) await endChangesSince(tx, former)
  return count === 1
}

/** Earlier changes keep their links: of two people who claim an account, the one who had it first gets it. */
async function endChangesSince(
  tx: Transaction,
  { userId, sequence }: { userId: string; sequence: bigint },
): Promise<void> {
  await tx.formerEmail.deleteMany({ where: { userId, sequence: { gte: sequence } } })
}
