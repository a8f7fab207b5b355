import { type MailTokenPurpose, digest, mailTokens } from '../crypto/opaqueToken'
import type { Secrets } from '../crypto/secrets'
import { later } from '../lib/clock'
import type { Queryable, Transaction } from '../store/database'
import type { QueuedMail } from '../store/mails'
import { createOneTimeToken, supersedeOneTimeTokens } from '../store/oneTimeTokens'

interface TokenParts {
  secrets: Secrets
}

export interface TokenOfMail {
  mail: QueuedMail
  userId: string
  purpose: MailTokenPurpose
  registrationId?: string
  /** Milliseconds from the moment it was asked for. */
  expiresIn: number
}

/** The token of a link that voids those of earlier mails. */
export async function newestToken(
  parts: TokenParts,
  tx: Transaction,
  token: TokenOfMail,
): Promise<string | { dropped: 'superseded' | 'done' }> {
  const { mail, userId, purpose } = token
  const rank = await supersedeOneTimeTokens(tx, { id: mail.id, userId, purpose, mailSequence: mail.sequence })
  if (rank === 'superseded') return { dropped: 'superseded' }
  return (await mailedToken(parts, tx, token)) ?? { dropped: 'done' }
}

/** The token of a mail's link, the same for every try; null once it was used. */
export async function mailedToken({ secrets }: TokenParts, db: Queryable, token: TokenOfMail): Promise<string | null> {
  const { mail, expiresIn, ...rest } = token
  const candidates = mailTokens(secrets, token.purpose, mail.id)
  const stored = await createOneTimeToken(db, {
    ...rest,
    id: mail.id,
    email: mail.recipient,
    tokenHash: digest(candidates[0]),
    mailSequence: mail.sequence,
    createdAt: mail.createdAt,
    expiresAt: later(mail.createdAt, expiresIn),
  })
  if (stored.usedAt) return null
  // An earlier try may have made it under the secret of before.
  const made = candidates.find((candidate) => digest(candidate).equals(stored.tokenHash))
  if (made === undefined) throw new Error('A mailed token was made under a secret that is gone')
  return made
}
