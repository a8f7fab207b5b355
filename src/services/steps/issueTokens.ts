import type { GrantedSession } from '../../store/sessions'
import type { Deps, IssuedTokens } from '../deps'

/** The tokens of a session: its refresh token, and an access token that expires with the session at the latest. */
export function issueTokens(
  { accessTokens, clock }: Pick<Deps, 'accessTokens' | 'clock'>,
  { userId, session, refreshToken }: { userId: string; session: GrantedSession; refreshToken: string },
): IssuedTokens {
  const { id: sessionId, expiresAt, aal, amr, authenticatedAt, grants } = session
  const subject = {
    userId,
    sessionId,
    sessionExpiresAt: expiresAt,
    grants,
    ...(aal === 2 && { twoFactor: { amr, authenticatedAt } }),
  }
  const issued = accessTokens.issue(subject, clock.now())
  return { ...issued, refreshToken, refreshTokenExpiresAt: expiresAt }
}
