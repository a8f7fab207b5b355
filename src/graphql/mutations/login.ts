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

/** The result of a login that started a session, after one step or two. */
export function loginSuccess(
  context: Context,
  transport: TokenTransport,
  { account, session, tokens }: { account: Account; session: SessionView; tokens: IssuedTokens },
): { user: UserType; session: SessionType; tokens: TokensType } {
  // The login has ended the cookie's session. With transport BODY no new cookie replaces the invalid one.
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
