import { type LinkPurpose, type MailTokenPurpose, digest, mailTokens } from '../crypto/opaqueToken'
import type { Secrets } from '../crypto/secrets'
import { later } from '../lib/clock'
import type { Queryable, Transaction } from '../store/database'
import type { QueuedMail } from '../store/outbox'
import { createOneTimeToken, supersedeOneTimeTokens } from '../store/oneTimeTokens'

interface TokenParts {
  secrets: Secrets
}

export interface LinkTokenRequest {
  mail: QueuedMail
  userId: string
  purpose: MailTokenPurpose
  registrationId?: string
  /** Milliseconds from the creation of the mail's row. */
  expiresIn: number
}

/** Creates the token of a mail's link and voids those of earlier mails of its purpose. */
export async function replaceLinkToken(
  parts: TokenParts,
  tx: Transaction,
  token: LinkTokenRequest,
): Promise<string | { skipped: 'superseded' | 'alreadyDone' }> {
  const { mail, userId, purpose } = token
  const rank = await supersedeOneTimeTokens(tx, { id: mail.id, userId, purpose, mailSequence: mail.sequence })
  if (rank === 'superseded') return { skipped: 'superseded' }
  return (await createLinkToken(parts, tx, token)) ?? { skipped: 'alreadyDone' }
}

/** Creates the token of a mail's link, or returns that of an earlier attempt; null once it was used. */
export async function createLinkToken(
  { secrets }: TokenParts,
  db: Queryable,
  token: LinkTokenRequest,
): Promise<string | null> {
  const { mail, expiresIn, ...rest } = token
  const [presentToken] = mailTokens(secrets, token.purpose, mail.id)
  const stored = await createOneTimeToken(db, {
    ...rest,
    id: mail.id,
    email: mail.recipient,
    tokenHash: digest(presentToken),
    mailSequence: mail.sequence,
    createdAt: mail.createdAt,
    expiresAt: later(mail.createdAt, expiresIn),
  })
  if (stored.usedAt) return null
  return storedToken({ secrets }, token.purpose, stored)
}

/** The token whose digest a row holds. It may have been derived under SECRET_PREVIOUS. */
export function storedToken(
  { secrets }: TokenParts,
  purpose: LinkPurpose,
  { id, tokenHash }: { id: string; tokenHash: Uint8Array },
): string {
  const derived = mailTokens(secrets, purpose, id).find((candidate) => digest(candidate).equals(tokenHash))
  if (derived === undefined) throw new Error('A link token was derived under a secret that is not configured')
  return derived
}
