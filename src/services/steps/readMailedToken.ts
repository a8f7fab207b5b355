import { v7 as uuidv7 } from 'uuid'
import { type MailTokenPurpose, digest, isOpaqueToken, mailTokens } from '../../crypto/opaqueToken'
import { ExpiredTokenError, InvalidTokenError } from '../../errors/userErrors'
import { later } from '../../lib/clock'
import type { Transaction } from '../../store/database'
import {
  type FoundToken,
  createOneTimeToken,
  findOneTimeToken,
  prolongOneTimeToken,
  voidResetTokens,
} from '../../store/oneTimeTokens'
import type { Deps } from '../deps'

/**
 * Reads a mailed token without using it up. Throws an InvalidTokenError for one that is unknown, void or of another
 * purpose, an ExpiredTokenError for one that was right but is too late.
 */
export async function readMailedToken(
  { database, clock }: Pick<Deps, 'database' | 'clock'>,
  purpose: MailTokenPurpose,
  text: string,
): Promise<FoundToken> {
  const token = text.trim() // people paste it with the blanks around it
  if (!isOpaqueToken(token)) throw new InvalidTokenError()
  const found = await findOneTimeToken(database.prisma, digest(token))
  if (found?.purpose !== purpose) throw new InvalidTokenError()
  if (found.expiresAt <= clock.now()) throw new ExpiredTokenError()
  return found
}

/**
 * The reset token that a followed verification link leads to: derived from the link, so that following it again, or twice
 * at once, answers the same one, and RESET_TOKEN_TTL begins anew. As every reset token it voids those before it.
 */
export async function resetTokenOfLink(
  { secrets, config }: Pick<Deps, 'secrets' | 'config'>,
  tx: Transaction,
  { link, now }: { link: FoundToken; now: Date },
): Promise<string> {
  const { userId, email } = link
  const expiresAt = later(now, config.resetTokenTtl)
  const candidates = mailTokens(secrets, 'RESET_PASSWORD', link.id)
  for (const candidate of candidates) {
    if (await prolongOneTimeToken(tx, digest(candidate), expiresAt)) return candidate
  }
  await voidResetTokens(tx, userId)
  const [token] = candidates
  const row = { id: uuidv7(), userId, email, tokenHash: digest(token), createdAt: now, expiresAt }
  await createOneTimeToken(tx, { ...row, purpose: 'RESET_PASSWORD' })
  return token
}
