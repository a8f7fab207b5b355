import type { Queryable, Transaction } from './database'

/** A mailed token with what it needs to be judged: the account it belongs to and the claim it was mailed for. */
export function findOneTimeToken(db: Queryable, tokenHash: Uint8Array<ArrayBuffer>) {
  return db.oneTimeToken.findUnique({ where: { tokenHash }, include: { user: true, registration: true } })
}
export type FoundToken = NonNullable<Awaited<ReturnType<typeof findOneTimeToken>>>

export function findOneTimeTokenById(db: Queryable, id: string): Promise<FoundToken | null> {
  return db.oneTimeToken.findUnique({ where: { id }, include: { user: true, registration: true } })
}

/** Uses a token up: the condition stands in the statement, so that one of any number of redeemers wins. True for that one. */
export async function consumeOneTimeToken(tx: Transaction, id: string, now: Date): Promise<boolean> {
  const { count } = await tx.oneTimeToken.updateMany({
    where: { id, usedAt: null, expiresAt: { gt: now } },
    data: { usedAt: now },
  })
  return count === 1
}

/** Voids the reset links of an account that still wait to be followed. */
export async function voidResetTokens(tx: Transaction, userId: string): Promise<void> {
  await tx.oneTimeToken.deleteMany({ where: { userId, usedAt: null, purpose: 'RESET_PASSWORD' } })
}

/** Lets a link outlive the registration that it was mailed for. */
export async function detachLink(tx: Transaction, id: string): Promise<void> {
  await tx.oneTimeToken.update({ where: { id }, data: { registrationId: null } })
}

/** The address is verified: its owner may still follow the other verification links, which have nothing left to do. */
export async function useUpVerificationLinks(tx: Transaction, userId: string, now: Date): Promise<void> {
  await tx.oneTimeToken.updateMany({ where: { userId, purpose: 'VERIFY_EMAIL', usedAt: null }, data: { usedAt: now } })
}

/** Lets a token that is not used live until `expiresAt`. False where there is none. */
export async function prolongOneTimeToken(
  tx: Transaction,
  tokenHash: Uint8Array<ArrayBuffer>,
  expiresAt: Date,
): Promise<boolean> {
  const { count } = await tx.oneTimeToken.updateMany({ where: { tokenHash, usedAt: null }, data: { expiresAt } })
  return count === 1
}
