import type { Context } from './context'
import { TokenTransport } from './inputs/sessions'
import type { IssuedTokens } from '../services/deps'

/** The tokens as the client asked for them: a refresh token that goes into the cookie stays out of the body. */
export function handTokens(
  { answer }: Context,
  transport: TokenTransport,
  tokens: IssuedTokens,
): Omit<IssuedTokens, 'refreshToken'> & { refreshToken: string | null } {
  if (transport === TokenTransport.BODY) return tokens
  answer.refreshCookie = { token: tokens.refreshToken, expiresAt: tokens.refreshTokenExpiresAt }
  return { ...tokens, refreshToken: null }
}
