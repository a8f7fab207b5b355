import { issueTokens } from './issueTokens'
import { sessionLifeOf } from './sessionLife'
import { digest, newOpaqueToken } from '../../crypto/opaqueToken'
import { UnauthenticatedError } from '../../errors/requestErrors'
import type { Transaction } from '../../store/database'
import { renewRefreshToken } from '../../store/refreshTokens'
import type { Authentication, GrantedSession } from '../../store/sessions'
import type { Deps, IssuedTokens, Viewer } from '../deps'

/** A session that goes on with another refresh token. */
export interface RenewedSession {
  session: GrantedSession
  refreshToken: string
  replacedHash: Uint8Array
}

/**
 * Gives the viewer's session another refresh token, so that a copy of the one before is worth nothing (ASVS 7.2.4), and the
 * level that was proved now. Throws an UnauthenticatedError where it was revoked meanwhile: what it asks for is not done.
 */
export async function renewSession(
  { clock, config }: Pick<Deps, 'clock' | 'config'>,
  tx: Transaction,
  { viewer, authentication }: { viewer: Viewer; authentication?: Authentication },
): Promise<RenewedSession> {
  const refreshToken = newOpaqueToken()
  const { id } = viewer.session
  const renewal = { id, tokenHash: digest(refreshToken), now: clock.now(), life: sessionLifeOf(config) }
  const renewed = await renewRefreshToken(tx, { ...renewal, ...(authentication && { authentication }) })
  if (!renewed) throw new UnauthenticatedError('session is not live')
  return { ...renewed, refreshToken }
}

/** Once that is committed: the tokens, and whether the browser's cookie held the refresh token that they replace. */
export function tokensOfRenewed(
  deps: Pick<Deps, 'accessTokens' | 'clock'>,
  renewed: RenewedSession,
  { userId, cookieToken }: { userId: string; cookieToken: string | null },
): { tokens: IssuedTokens; isCookieSession: boolean } {
  const isCookieSession = cookieToken !== null && digest(cookieToken).equals(renewed.replacedHash)
  return { tokens: issueTokens(deps, { userId, ...renewed }), isCookieSession }
}
