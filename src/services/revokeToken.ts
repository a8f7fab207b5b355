import type { ClientInfo, Deps } from './deps'
import { introspectToken } from './introspectToken'
import { commit } from './steps/commit'
import { digest, isOpaqueToken } from '../crypto/opaqueToken'
import { findSessionByAnyToken } from '../store/refreshTokens'
import { revokeSession } from '../store/sessions'
import { lockUser } from '../store/users'

type Needs = Pick<Deps, 'accessTokens' | 'sessionCache' | 'clock' | 'database'>

/**
 * Ends the session of a refresh or access token (RFC 7009), on every instance at once. Whoever has the token may end it; for any
 * other text nothing is done, and the caller is not told (§2.2).
 */
export async function revokeToken(deps: Needs, client: ClientInfo, token: string): Promise<void> {
  const owner = await ownerOf(deps, token)
  if (!owner) return
  const { userId, sessionId } = owner
  await commit(deps, client, async (tx, now) => {
    const ended = (await lockUser(tx, userId)) !== null && (await revokeSession(tx, { userId, sessionId }, now))
    const event = ended ? ({ type: 'logged_out', userId, details: { sessionId } } as const) : null
    return { result: null, event, invalidate: [{ kind: 'session', id: sessionId }] }
  })
}

async function ownerOf(deps: Needs, token: string): Promise<{ userId: string; sessionId: string } | null> {
  if (isOpaqueToken(token)) {
    const session = await findSessionByAnyToken(deps.database.prisma, digest(token))
    return session && { userId: session.userId, sessionId: session.id }
  }
  const claims = await introspectToken(deps, token)
  return claims && { userId: claims.sub, sessionId: claims.sid }
}
