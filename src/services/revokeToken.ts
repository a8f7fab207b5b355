import type { ClientInfo, Deps } from './deps'
import { introspectToken } from './introspectToken'
import { endSession } from './steps/endSession'
import { digest, isOpaqueToken } from '../crypto/opaqueToken'
import { findSessionByAnyToken } from '../store/refreshTokens'

type Needs = Pick<Deps, 'accessTokens' | 'sessionCache' | 'clock' | 'database'>

/**
 * Ends the session of a refresh or access token (RFC 7009), on every instance at once. Whoever has the token may end it; for any
 * other text nothing is done, and nothing in the answer says so (§2.2).
 */
export async function revokeToken(deps: Needs, client: ClientInfo, token: string): Promise<void> {
  const owner = await ownerOf(deps, token)
  if (owner) await endSession(deps, client, owner)
}

async function ownerOf(deps: Needs, token: string): Promise<{ userId: string; sessionId: string } | null> {
  if (isOpaqueToken(token)) {
    const session = await findSessionByAnyToken(deps.database.prisma, digest(token))
    return session && { userId: session.userId, sessionId: session.id }
  }
  const claims = await introspectToken(deps, token)
  return claims && { userId: claims.sub, sessionId: claims.sid }
}
