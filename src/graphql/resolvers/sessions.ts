import { Arg, Authorized, Ctx, Directive, Mutation, Resolver } from 'type-graphql'
import { UnauthenticatedError } from '../../errors/requestErrors'
import { InvalidTokenError } from '../../errors/userErrors'
import type { Viewer } from '../../services/deps'
import { login } from '../../services/login'
import { logout } from '../../services/logout'
import { refreshSession } from '../../services/refreshSession'
import { revokeOtherSessions } from '../../services/revokeOtherSessions'
import { revokeSession } from '../../services/revokeSession'
import type { Context } from '../context'
import { handTokens } from '../handTokens'
import { LoginInput, RefreshSessionInput, RevokeSessionInput, TokenTransport } from '../inputs/sessions'
import { SessionType, UserType } from '../types/account'
import {
  LoginResult,
  LogoutSuccess,
  RefreshSessionResult,
  RevokeOtherSessionsSuccess,
  RevokeSessionResult,
} from '../types/results'

@Resolver()
export class SessionResolver {
  @Mutation(() => LoginResult)
  @Directive('@rateLimit(max: 10, window: "15m", per: [IP, EMAIL])')
  @Directive('@rateLimit(max: 100, window: "15m")')
  async login(@Ctx() context: Context, @Arg('input', () => LoginInput) input: LoginInput) {
    const { cookieToken } = context
    const { email, password } = input
    const given = { email, password, cookieToken }
    const { account, session, tokens } = await login(context.deps, context.client, given)
    // The login ended the session of the cookie: one that goes into the body leaves a dead cookie behind.
    if (cookieToken !== null) context.answer.refreshCookie = 'clear'
    return {
      user: UserType.of(account, session.id),
      session: SessionType.of(session, session.id),
      tokens: handTokens(context, input.transport, tokens),
    }
  }

  @Mutation(() => RefreshSessionResult)
  @Directive('@rateLimit(max: 60, window: "1m", per: [SESSION])')
  @Directive('@rateLimit(max: 60, window: "1m")')
  async refreshSession(
    @Ctx() context: Context,
    @Arg('input', () => RefreshSessionInput, { nullable: true }) input?: RefreshSessionInput,
  ) {
    const given = input?.refreshToken ?? null
    const presented = given ?? context.cookieToken
    if (presented === null) throw new InvalidTokenError()
    const { session, tokens } = await refreshSession(context.deps, context.client, presented)
    const transport = given === null ? TokenTransport.COOKIE : TokenTransport.BODY
    return { session: SessionType.of(session, session.id), tokens: handTokens(context, transport, tokens) }
  }

  @Mutation(() => LogoutSuccess)
  @Directive('@rateLimit(max: 60, window: "1m", per: [USER])')
  async logout(@Ctx() context: Context) {
    const { deps, client, answer, cookieToken } = context
    try {
      const viewer = await viewerOrCookie(context)
      const { sessionId, clearCookie } = await logout(deps, client, { viewer, cookieToken })
      if (clearCookie) answer.refreshCookie = 'clear'
      return { sessionId }
    } catch (error) {
      // Whoever logs out leaves no cookie behind, also where its session is over.
      if (error instanceof UnauthenticatedError && cookieToken !== null) answer.refreshCookie = 'clear'
      throw error
    }
  }

  @Authorized()
  @Mutation(() => RevokeSessionResult)
  @Directive('@rateLimit(max: 60, window: "1m", per: [USER])')
  async revokeSession(
    @Ctx() { deps, client, demandViewer }: Context,
    @Arg('input', () => RevokeSessionInput) input: RevokeSessionInput,
  ) {
    return revokeSession(deps, { client, viewer: await demandViewer() }, input)
  }

  @Authorized()
  @Mutation(() => RevokeOtherSessionsSuccess)
  @Directive('@rateLimit(max: 60, window: "1m", per: [USER])')
  async revokeOtherSessions(@Ctx() { deps, client, demandViewer }: Context) {
    return revokeOtherSessions(deps, { client, viewer: await demandViewer() })
  }
}

/** The signed-in client; null where the access token is missing or no good and the refresh cookie can speak instead. */
async function viewerOrCookie({ viewer, demandViewer, cookieToken }: Context): Promise<Viewer | null> {
  if (cookieToken === null) return demandViewer()
  return viewer().catch((error: unknown) => {
    if (error instanceof UnauthenticatedError) return null
    throw error
  })
}
