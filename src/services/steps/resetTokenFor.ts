import { v7 as uuidv7 } from 'uuid'
import { digest, mailTokens } from '../../crypto/opaqueToken'
import { later } from '../../lib/clock'
import type { Transaction } from '../../store/database'
import { createOneTimeToken, prolongOneTimeToken, voidResetTokens } from '../../store/oneTimeTokens'
import type { Deps } from '../deps'

/**
 * The reset token that a verification link or code is exchanged for. Derived from its id, so that redeeming a link again or
 * concurrently returns the same one; RESET_TOKEN_TTL starts again each time. Invalidates earlier reset tokens.
 */
export async function resetTokenFor(
  { secrets, config }: Pick<Deps, 'secrets' | 'config'>,
  tx: Transaction,
  { link, now }: { link: { id: string; userId: string; email: string }; now: Date },
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
