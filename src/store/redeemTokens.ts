import type { Queryable, Transaction } from './database'

/** A mailed token with what it needs to be judged: the account it belongs to and the claim it was mailed for. */
export function findOneTimeToken(db: Queryable, tokenHash: Uint8Array<ArrayBuffer>) {
  return db.oneTimeToken.findUnique({ where: { tokenHash }, include: { user: true, registration: true } })
}
export type FoundToken = NonNullable<Awaited<ReturnType<typeof findOneTimeToken>>>

/** Uses a token up: the condition stands in the statement, so that one of any number of redeemers wins. True for that one. */
export async function consumeOneTimeToken(tx: Transaction, id: string, now: Date): Promise<boolean> {
  const { count } = await tx.oneTimeToken.updateMany({
    where: { id, usedAt: null, expiresAt: { gt: now } },
    data: { usedAt: now },
  })
  return count === 1
}
