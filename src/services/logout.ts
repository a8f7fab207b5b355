import type { ClientInfo, Deps, Viewer } from './deps'
import { commit } from './steps/commit'
import { digest, isOpaqueToken } from '../crypto/opaqueToken'
import { UnauthenticatedError } from '../errors/requestErrors'
import { findSessionByAnyToken } from '../store/refreshTokens'
import { revokeSession } from '../store/sessions'
import { lockUser } from '../store/users'

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
    await endSession(deps, client, { userId: account.id, sessionId: session.id })
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

/** False if the session has already ended; then nothing is written. Throws if the account was deleted. */
function endSession(
  deps: Needs,
  client: ClientInfo,
  { userId, sessionId }: { userId: string; sessionId: string },
): Promise<boolean> {
  return commit(deps, client, async (tx, now) => {
    if (!(await lockUser(tx, userId))) throw new UnauthenticatedError('the account is gone')
    const ended = await revokeSession(tx, { userId, sessionId }, now)
    const event = ended ? ({ type: 'logged_out', userId, details: { sessionId } } as const) : null
    return { result: ended, event, invalidate: [{ kind: 'session', id: sessionId }] }
  })
}
