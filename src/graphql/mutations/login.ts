import { Arg, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
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

const LoginResult = resultOf('LoginResult', LoginSuccess, [
  'INVALID_INPUT',
  'INVALID_CREDENTIALS',
  'EMAIL_NOT_VERIFIED',
  'RATE_LIMITED',
  'OVERLOADED',
])

@Resolver()
export class LoginMutation {
  @Mutation(() => LoginResult)
  @Directive('@rateLimit(max: 10, window: "15m", per: [IP, EMAIL])')
  @Directive('@rateLimit(max: 100, window: "15m")')
  async login(@Ctx() context: Context, @Arg('input', () => LoginInput) input: LoginInput) {
    const { cookieToken } = context
    const { email, password } = input
    const { account, session, tokens } = await login(context.deps, context.client, { email, password, cookieToken })
    // The login ended the session of the cookie: one that goes into the body leaves a dead cookie behind.
    if (cookieToken !== null) context.response.refreshCookie = 'clear'
    return {
      user: UserType.of(account, session.id),
      session: SessionType.of(session, session.id),
      tokens: tokensForTransport(context, input.transport, tokens),
    }
  }
}
