import { digest, isOpaqueToken } from '../../crypto/opaqueToken'
import type { MailTokenPurpose } from '../../crypto/opaqueToken'
import { ExpiredTokenError, InvalidTokenError } from '../../errors/userErrors'
import { type FoundToken, findOneTimeToken } from '../../store/redeemTokens'
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
