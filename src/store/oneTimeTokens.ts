import type { OneTimePurpose, OneTimeToken } from '../generated/prisma/client'
import type { Queryable, Transaction } from './database'
import { LINK_MAILS } from './outbox'
import { lockUser } from './users'

export interface NewOneTimeToken {
  id: string
  userId: string
  purpose: OneTimePurpose
  email: string
  registrationId?: string
  tokenHash: Uint8Array<ArrayBuffer>
  /** That of the mail which carries it: orders links by when they were asked for. */
  mailSequence?: bigint
  createdAt: Date
  expiresAt: Date
}

/** Stores a token, or finds the one that was stored under the same id before: a mail that is tried again keeps its link. */
export async function createOneTimeToken(tx: Queryable, token: NewOneTimeToken): Promise<OneTimeToken> {
  await tx.oneTimeToken.createMany({ data: [token], skipDuplicates: true })
  return tx.oneTimeToken.findUniqueOrThrow({ where: { id: token.id } })
}

/**
 * Of the links of one purpose only the newest lives: voids those that were asked for before this one, and tells whether
 * a newer one exists. Locks the account first, so that two mails of one account cannot both be the newest.
 */
export async function supersedeOneTimeTokens(
  tx: Transaction,
  token: Required<Pick<NewOneTimeToken, 'id' | 'userId' | 'purpose' | 'mailSequence'>>,
): Promise<'newest' | 'superseded'> {
  const { id, userId, purpose, mailSequence } = token
  await lockUser(tx, userId)
  // Whatever voids the account's links deletes the mails that wait, under the same lock (voidLinks).
  if ((await tx.mail.count({ where: { id } })) === 0) return 'superseded'
  const newer = await tx.oneTimeToken.count({ where: { userId, purpose, mailSequence: { gt: mailSequence } } })
  if (newer > 0) return 'superseded'
  // A used one stays: it keeps a mail that is tried again from bringing its token back to life.
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

/**
 * Voids every link of an account, sent or still to be sent. Call with the account locked: a mail whose row is gone gets no
 * token any more (supersedeOneTimeTokens). `addresses`: a reset that was asked for by address names no account.
 */
export async function voidLinks(
  tx: Transaction,
  { userId, addresses }: { userId: string; addresses: readonly string[] },
): Promise<void> {
  await tx.oneTimeToken.deleteMany({ where: { userId, usedAt: null } })
  await tx.mail.deleteMany({
    where: { name: { in: [...LINK_MAILS] }, OR: [{ userId }, { userId: null, recipient: { in: [...addresses] } }] },
  })
}

/** Voids the link of a change of address, sent or still to be sent. Call with the account locked. */
export async function voidEmailChange(tx: Transaction, userId: string): Promise<void> {
  await tx.oneTimeToken.deleteMany({ where: { userId, purpose: 'CHANGE_EMAIL', usedAt: null } })
  await tx.mail.deleteMany({ where: { userId, name: 'confirmEmailChange' } })
}
