import type { ClientInfo, Deps, Viewer } from './deps'
import { endSession } from './steps/endSession'
import { digest, isOpaqueToken } from '../crypto/opaqueToken'
import { UnauthenticatedError } from '../errors/requestErrors'
import { findSessionByAnyToken } from '../store/refreshTokens'

type Needs = Pick<Deps, 'clock' | 'database' | 'sessionCache'>
interface LogoutRequest {
  /** Null without a valid access token. */
  viewer: Viewer | null
  /** The refresh token in the browser's cookie, if it sent one. */
  cookieToken: string | null
}

/**
 * Ends the session of this request, immediately and on every instance: that of the access token, or else that of the browser's
 * cookie. `clearCookie` is false if the cookie belongs to another live session: an old tab must not log out a newer login.
 * Throws an UnauthenticatedError if neither belongs to a live session.
 */
export async function logout(
  deps: Needs,
  client: ClientInfo,
  { viewer, cookieToken }: LogoutRequest,
): Promise<{ sessionId: string; clearCookie: boolean }> {
  const ofCookie = await sessionOfCookie(deps, cookieToken)
  if (viewer) {
    const { account, session } = viewer
    const ended = await endSession(deps, client, { userId: account.id, sessionId: session.id })
    if (ended === null) throw new UnauthenticatedError('the account is gone')
    const isAnothers = ofCookie !== null && ofCookie.id !== session.id && ofCookie.revokedAt === null
    return { sessionId: session.id, clearCookie: cookieToken !== null && !isAnothers }
  }
  if (!ofCookie) throw new UnauthenticatedError('neither an access token nor a refresh cookie of a session')
  const { id: sessionId, userId } = ofCookie
  if (!(await endSession(deps, client, { userId, sessionId }))) throw new UnauthenticatedError('session is not live')
  return { sessionId, clearCookie: true }
}

function sessionOfCookie({ database }: Needs, token: string | null) {
  return token !== null && isOpaqueToken(token) ? findSessionByAnyToken(database.prisma, digest(token)) : null
}
