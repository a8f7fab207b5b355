import { Arg, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Account, IssuedTokens, SessionView } from '../../services/deps'
import { login } from '../../services/login'
import type { Context } from '../context'
import { SessionType } from '../objects/session'
import { TokenTransport, TokensType } from '../objects/tokens'
import { UserType } from '../objects/user'
import { resultOf } from '../objects/userErrors'
import { tokensForTransport } from '../tokensForTransport'

@InputType()
class LoginInput {
  @Field()
  email: string

  @Field()
  password: string

  @Field(() => TokenTransport, { defaultValue: TokenTransport.BODY })
  transport: TokenTransport
}

@ObjectType()
class LoginSuccess {
  @Field(() => UserType)
  user: UserType

  @Field(() => SessionType)
  session: SessionType

  @Field(() => TokensType)
  tokens: TokensType
}

export const LoginResult = resultOf('LoginResult', LoginSuccess, [
  'INVALID_INPUT',
  'INVALID_CREDENTIALS',
  'EMAIL_NOT_VERIFIED',
  'SECOND_FACTOR_REQUIRED',
  'INVALID_TOKEN',
  'EXPIRED_TOKEN',
  'RATE_LIMITED',
  'OVERLOADED',
])

/** The answer to a login that opened a session, in one step or in two. */
export function loginSuccess(
  context: Context,
  transport: TokenTransport,
  { account, session, tokens }: { account: Account; session: SessionView; tokens: IssuedTokens },
): { user: UserType; session: SessionType; tokens: TokensType } {
  // The login ended the session of the cookie: one that goes into the body leaves a dead cookie behind.
  if (context.cookieToken !== null) context.response.refreshCookie = 'clear'
  return {
    user: UserType.of(account, session.id),
    session: SessionType.of(session, session.id),
    tokens: tokensForTransport(context, transport, tokens),
  }
}

@Resolver()
export class LoginMutation {
  @Mutation(() => LoginResult)
  @Directive('@rateLimit(max: 10, window: "15m", per: [IP, EMAIL])')
  @Directive('@rateLimit(max: 100, window: "15m")')
  async login(@Ctx() context: Context, @Arg('input', () => LoginInput) input: LoginInput) {
    const { deps, client, cookieToken } = context
    const { email, password, transport } = input
    return loginSuccess(context, transport, await login(deps, client, { email, password, cookieToken }))
  }
}
