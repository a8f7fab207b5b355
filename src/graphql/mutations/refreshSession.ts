import { Arg, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { InvalidTokenError } from '../../errors/userErrors'
import { refreshSession } from '../../services/refreshSession'
import type { Context } from '../context'
import { SessionType } from '../objects/session'
import { TokenTransport, TokensType } from '../objects/tokens'
import { resultOf } from '../objects/userErrors'
import { tokensForTransport } from '../tokensForTransport'

@InputType({ description: '`refreshToken` is left out where the cookie carries it.' })
class RefreshSessionInput {
  @Field(() => String, { nullable: true })
  refreshToken?: string | null
}

@ObjectType()
class RefreshSessionSuccess {
  @Field(() => SessionType)
  session: SessionType

  @Field(() => TokensType)
  tokens: TokensType
}

const RefreshSessionResult = resultOf('RefreshSessionResult', RefreshSessionSuccess, [
  'INVALID_TOKEN',
  'EXPIRED_TOKEN',
  'RATE_LIMITED',
])

@Resolver()
export class RefreshSessionMutation {
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
    return { session: SessionType.of(session, session.id), tokens: tokensForTransport(context, transport, tokens) }
  }
}
