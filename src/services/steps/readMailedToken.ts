import { type MailTokenPurpose, digest, isOpaqueToken } from '../../crypto/opaqueToken'
import { ExpiredTokenError, InvalidTokenError } from '../../errors/userErrors'
import { type FoundToken, findOneTimeToken } from '../../store/oneTimeTokens'
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
  const found = await findOneTimeToken(database.prisma, digest(readToken(text)))
  if (found?.purpose !== purpose) throw new InvalidTokenError()
  if (found.expiresAt <= clock.now()) throw new ExpiredTokenError()
  return found
}

/** A token as people paste it, with surrounding blanks. Throws an InvalidTokenError for what can be none. */
export function readToken(text: string): string {
  const token = text.trim()
  if (!isOpaqueToken(token)) throw new InvalidTokenError()
  return token
}
