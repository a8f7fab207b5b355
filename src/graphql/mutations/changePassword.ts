import { Arg, Authorized, Ctx, Directive, Field, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql'
import { changePassword } from '../../services/changePassword'
import type { Viewer } from '../../services/deps'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { TokenTransport, TokensType } from '../objects/tokens'
import { resultOf } from '../objects/userErrors'
import { setRefreshCookie, tokensForTransport } from '../tokensForTransport'

@InputType()
class ChangePasswordInput {
  @Field()
  currentPassword: string

  @Field()
  newPassword: string

  @Field(() => TokenTransport, { defaultValue: TokenTransport.BODY })
  transport: TokenTransport
}

@ObjectType({ description: 'The session that made the change goes on with new tokens.' })
class ChangePasswordSuccess {
  @Field(() => Int)
  revokedSessions: number

  @Field(() => TokensType)
  tokens: TokensType
}

const ChangePasswordResult = resultOf('ChangePasswordResult', ChangePasswordSuccess, [
  'STEP_UP_REQUIRED',
  'INVALID_CREDENTIALS',
  'WEAK_PASSWORD',
  'INVALID_INPUT',
  'RATE_LIMITED',
  'OVERLOADED',
])

@Resolver()
export class ChangePasswordMutation {
  @Authorized()
  @Mutation(() => ChangePasswordResult)
  @Directive('@rateLimit(max: 10, window: "1h", per: [USER])')
  async changePassword(
    @Ctx() context: Context,
    @CurrentViewer() viewer: Viewer,
    @Arg('input', () => ChangePasswordInput) input: ChangePasswordInput,
  ) {
    const { deps, client, cookieToken } = context
    const { revokedSessions, tokens, isCookieSession } = await changePassword(
      deps,
      { client, viewer, cookieToken },
      input,
    )
    // If the cookie kept the replaced token, its next refresh would revoke the session as reuse.
    if (isCookieSession) setRefreshCookie(context, tokens)
    return { revokedSessions, tokens: tokensForTransport(context, input.transport, tokens) }
  }
}
