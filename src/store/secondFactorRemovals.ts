import type { Queryable, Transaction } from './database'

/** Schedules the removal of all second factors of an account; a later request replaces an earlier one. */
export async function scheduleRemoval(
  tx: Transaction,
  { userId, requestedAt, dueAt }: { userId: string; requestedAt: Date; dueAt: Date },
): Promise<void> {
  const times = { requestedAt, dueAt }
  await tx.secondFactorRemoval.upsert({ where: { userId }, create: { userId, ...times }, update: times })
}

/** Cancels the removal that waits. False if none does. Of this and `takeDueRemoval` one gets the row. */
export async function cancelRemoval(tx: Transaction, userId: string): Promise<boolean> {
  const { count } = await tx.secondFactorRemoval.deleteMany({ where: { userId } })
  return count === 1
}

/** Accounts whose removal is due, at most a hundred. */
export async function listDueRemovals(db: Queryable, now: Date): Promise<string[]> {
  const due = await db.secondFactorRemoval.findMany({ where: { dueAt: { lte: now } }, take: 100 })
  return due.map(({ userId }) => userId)
}

/** Takes a removal that is due. False if another instance took it, or the owner cancelled it. */
export async function takeDueRemoval(tx: Transaction, userId: string, now: Date): Promise<boolean> {
  const { count } = await tx.secondFactorRemoval.deleteMany({ where: { userId, dueAt: { lte: now } } })
  return count === 1
}

/**
 * Deletes the second factors of an account: apps, passkeys and recovery codes, with `since` those added from then on. Returns
 * how many apps and passkeys there were.
 */
export async function deleteSecondFactors(
  tx: Transaction,
  userId: string,
  { since }: { since?: Date } = {},
): Promise<number> {
  const where = { userId, ...(since && { createdAt: { gte: since } }) }
  const { count: apps } = await tx.totpFactor.deleteMany({ where })
  const { count: passkeys } = await tx.passkey.deleteMany({ where })
  await tx.recoveryCode.deleteMany({ where })
  return apps + passkeys
}
