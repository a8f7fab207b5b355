import type { Deps } from './deps'
import { viewerOf } from './viewerOf'
import type { AccessClaims } from '../crypto/accessToken'
import { UnauthenticatedError } from '../errors/requestErrors'

/**
 * The claims of an access token whose session is live (RFC 7662 §2.2); null for every other text, a refresh token too, which
 * no service should hold. Throws the driver's error if the database is unavailable.
 */
export async function introspectToken(
  deps: Pick<Deps, 'accessTokens' | 'sessionCache' | 'clock'>,
  token: string,
): Promise<AccessClaims | null> {
  try {
    await viewerOf(deps, token)
    return deps.accessTokens.verify(token, deps.clock.now())
  } catch (error) {
    if (error instanceof UnauthenticatedError) return null
    throw error
  }
}
