import type { Deps } from './deps'
import { viewerOf } from './viewerOf'
import type { AccessClaims } from '../crypto/accessToken'
import { UnauthenticatedError } from '../errors/requestErrors'

/** The claims of a live token, with what its session says of the login. */
export interface Introspection extends AccessClaims {
  acr: string
  amr: string[]
  /** Seconds since the epoch. */
  auth_time: number
}

/**
 * The claims of an access token whose session is live (RFC 7662 §2.2); null for every other text, a refresh token too, which
 * no service should hold. Throws the driver's error if the database is unavailable.
 */
export async function introspectToken(
  deps: Pick<Deps, 'accessTokens' | 'sessionCache' | 'clock'>,
  token: string,
): Promise<Introspection | null> {
  try {
    const { session } = await viewerOf(deps, token)
    const authentication = {
      acr: `aal${session.aal}`,
      amr: session.amr,
      auth_time: Math.floor(session.authenticatedAt.getTime() / 1000),
    }
    return { ...deps.accessTokens.verify(token, deps.clock.now()), ...authentication }
  } catch (error) {
    if (error instanceof UnauthenticatedError) return null
    throw error
  }
}
