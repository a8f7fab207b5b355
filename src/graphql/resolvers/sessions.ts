import { Arg, Authorized, Ctx, Directive, Mutation, Resolver } from 'type-graphql'
import { InvalidTokenError } from '../../errors/userErrors'
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
    const { account, session, tokens } = await login(context.deps, context.client, input)
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

  @Authorized()
  @Mutation(() => LogoutSuccess)
  @Directive('@rateLimit(max: 60, window: "1m", per: [USER])')
  async logout(@Ctx() context: Context) {
    const { deps, client, answer, cookieToken } = context
    const viewer = await context.demandViewer()
    const { sessionId, clearCookie } = await logout(deps, client, { viewer, cookieToken })
    if (clearCookie) answer.refreshCookie = 'clear'
    return { sessionId }
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
