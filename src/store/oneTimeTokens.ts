import type { OneTimePurpose, OneTimeToken } from '../generated/prisma/client'
import type { Queryable, Transaction } from './database'
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
  // Whatever voids the account's links deletes the mails that wait, under the same lock (linkMails.ts).
  if ((await tx.mail.count({ where: { id } })) === 0) return 'superseded'
  const newer = await tx.oneTimeToken.count({ where: { userId, purpose, mailSequence: { gt: mailSequence } } })
  if (newer > 0) return 'superseded'
  // A used one stays: it keeps a mail that is tried again from bringing its token back to life.
  await tx.oneTimeToken.deleteMany({ where: { userId, purpose, usedAt: null, id: { not: id } } })
  return 'newest'
}
