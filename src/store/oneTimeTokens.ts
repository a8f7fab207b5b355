import type { OneTimePurpose, OneTimeToken } from '../generated/prisma/client'
import type { Queryable, Transaction } from './database'
import { invalidateCodes } from './challenges'
import { LINK_MAILS } from './outbox'
import { lockUser } from './users'

export interface NewOneTimeToken {
  id: string
  userId: string
  purpose: OneTimePurpose
  email: string
  registrationId?: string
  tokenHash: Uint8Array<ArrayBuffer>
  /** The sequence of the token's mail: orders links by when they were requested. */
  mailSequence?: bigint
  createdAt: Date
  expiresAt: Date
}

/** Stores a token, or returns the one already stored under the id, so that a retried mail keeps its link. */
export async function createOneTimeToken(tx: Queryable, token: NewOneTimeToken): Promise<OneTimeToken> {
  await tx.oneTimeToken.createMany({ data: [token], skipDuplicates: true })
  return tx.oneTimeToken.findUniqueOrThrow({ where: { id: token.id } })
}

/**
 * Keeps only the newest link of a purpose valid: deletes those requested before this one, or reports that a newer one exists.
 * Locks the account first, so that two mails of one account cannot both be the newest.
 */
export async function supersedeOneTimeTokens(
  tx: Transaction,
  token: Required<Pick<NewOneTimeToken, 'id' | 'userId' | 'purpose' | 'mailSequence'>>,
): Promise<'newest' | 'superseded'> {
  const { id, userId, purpose, mailSequence } = token
  await lockUser(tx, userId)
  // invalidateLinks deletes queued mails under the same lock: if this mail's row is gone, its link must not be created.
  if ((await tx.mail.count({ where: { id } })) === 0) return 'superseded'
  const newer = await tx.oneTimeToken.count({ where: { userId, purpose, mailSequence: { gt: mailSequence } } })
  if (newer > 0) return 'superseded'
  // Used tokens stay, so that a retried mail cannot make its token valid again.
  await tx.oneTimeToken.deleteMany({ where: { userId, purpose, usedAt: null, id: { not: id } } })
  return 'newest'
}

/** A mailed token, with its account and the registration that it was mailed for. */
export function findOneTimeToken(db: Queryable, tokenHash: Uint8Array<ArrayBuffer>) {
  return db.oneTimeToken.findUnique({ where: { tokenHash }, include: { user: true, registration: true } })
}
export type FoundToken = NonNullable<Awaited<ReturnType<typeof findOneTimeToken>>>

export function findOneTimeTokenById(db: Queryable, id: string): Promise<FoundToken | null> {
  return db.oneTimeToken.findUnique({ where: { id }, include: { user: true, registration: true } })
}

/** Consumes a token. The statement checks the condition, so that of concurrent calls only one gets true. */
export async function consumeOneTimeToken(tx: Transaction, id: string, now: Date): Promise<boolean> {
  const { count } = await tx.oneTimeToken.updateMany({
    where: { id, usedAt: null, expiresAt: { gt: now } },
    data: { usedAt: now },
  })
  return count === 1
}

/** Invalidates the unused reset links of an account. */
export async function voidResetTokens(tx: Transaction, userId: string): Promise<void> {
  await tx.oneTimeToken.deleteMany({ where: { userId, usedAt: null, purpose: 'RESET_PASSWORD' } })
}

/** Detaches a link from its registration, so that deleting the registration does not delete the link. */
export async function detachLink(tx: Transaction, id: string): Promise<void> {
  await tx.oneTimeToken.update({ where: { id }, data: { registrationId: null } })
}

/** Marks the other verification links as used once the address is verified: opening them succeeds and changes nothing. */
export async function useUpVerificationLinks(tx: Transaction, userId: string, now: Date): Promise<void> {
  await tx.oneTimeToken.updateMany({ where: { userId, purpose: 'VERIFY_EMAIL', usedAt: null }, data: { usedAt: now } })
}

/** Extends an unused token to `expiresAt`. False if there is none. */
export async function prolongOneTimeToken(
  tx: Transaction,
  tokenHash: Uint8Array<ArrayBuffer>,
  expiresAt: Date,
): Promise<boolean> {
  const { count } = await tx.oneTimeToken.updateMany({ where: { tokenHash, usedAt: null }, data: { expiresAt } })
  return count === 1
}

/**
 * Invalidates every link and mailed code of an account, sent or queued. Call with the account locked: a mail whose row is
 * deleted gets no token (supersedeOneTimeTokens). `addresses`: a queued reset and a code are stored by address and name no
 * account.
 */
export async function invalidateLinks(
  tx: Transaction,
  { userId, addresses }: { userId: string; addresses: readonly string[] },
): Promise<void> {
  await tx.oneTimeToken.deleteMany({ where: { userId, usedAt: null } })
  await invalidateCodes(tx, addresses)
  await tx.mail.deleteMany({
    where: {
      name: { in: [...LINK_MAILS, 'loginCode'] },
      OR: [{ userId }, { userId: null, recipient: { in: [...addresses] } }],
    },
  })
}

/** Invalidates the link of a change of address, sent or queued. Call with the account locked. */
export async function invalidateEmailChange(tx: Transaction, userId: string): Promise<void> {
  await tx.oneTimeToken.deleteMany({ where: { userId, purpose: 'CHANGE_EMAIL', usedAt: null } })
  await tx.mail.deleteMany({ where: { userId, name: 'confirmEmailChange' } })
}
