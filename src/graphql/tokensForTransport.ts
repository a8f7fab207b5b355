import type { Context } from './context'
import { TokenTransport } from './objects/tokens'
import type { IssuedTokens } from '../services/deps'

/** The tokens for the requested transport: a refresh token that is set as a cookie is not in the body. */
export function tokensForTransport(
  context: Context,
  transport: TokenTransport,
  tokens: IssuedTokens,
): Omit<IssuedTokens, 'refreshToken'> & { refreshToken: string | null } {
  if (transport === TokenTransport.BODY) return tokens
  setRefreshCookie(context, tokens)
  return { ...tokens, refreshToken: null }
}

/** Sets the refresh token as a cookie, whether or not it is in the body too. */
export function setRefreshCookie({ response }: Context, tokens: IssuedTokens): void {
  response.refreshCookie = { token: tokens.refreshToken, expiresAt: tokens.refreshTokenExpiresAt }
}

/** New tokens of a session that goes on: a refresh token that was in the cookie stays there, and out of the body. */
export function tokensOfSameTransport(
  context: Context,
  { tokens, isCookieSession }: { tokens: IssuedTokens; isCookieSession: boolean },
) {
  return tokensForTransport(context, isCookieSession ? TokenTransport.COOKIE : TokenTransport.BODY, tokens)
}
