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
 * Looks up a mailed token without consuming it. Throws an InvalidTokenError if it is unknown, invalidated or for another
 * purpose, an ExpiredTokenError if it has expired.
 */
export async function readMailedToken(
  { database, clock }: Pick<Deps, 'database' | 'clock'>,
  purpose: MailTokenPurpose,
  text: string,
): Promise<FoundToken> {
  const token = text.trim() // people paste it with surrounding blanks
  if (!isOpaqueToken(token)) throw new InvalidTokenError()
  const found = await findOneTimeToken(database.prisma, digest(token))
  if (found?.purpose !== purpose) throw new InvalidTokenError()
  if (found.expiresAt <= clock.now()) throw new ExpiredTokenError()
  return found
}

/**
 * The reset token that a verification link is exchanged for. Derived from the link, so that redeeming it again or
 * concurrently returns the same one; RESET_TOKEN_TTL starts again each time. Invalidates earlier reset tokens.
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
