import { Arg, Ctx, Directive, Field, InputType, Mutation, Resolver } from 'type-graphql'
import { loginWithCode } from '../../services/loginWithCode'
import type { Context } from '../context'
import { TokenTransport } from '../objects/tokens'
import { LoginResult, loginSuccess } from './login'

@InputType()
class LoginWithCodeInput {
  @Field({ description: 'Of `requestLoginCode`.' })
  challenge: string

  @Field({ description: 'Eight digits; blanks and hyphens between them do not count.' })
  code: string

  @Field(() => TokenTransport, { defaultValue: TokenTransport.BODY })
  transport: TokenTransport
}

/** In the schema only if LOGIN_CODE is on. */
@Resolver()
export class LoginWithCodeMutation {
  @Mutation(() => LoginResult)
  @Directive('@rateLimit(max: 30, window: "15m")')
  async loginWithCode(
    @Ctx() context: Context,
    @Arg('input', () => LoginWithCodeInput) { transport, ...input }: LoginWithCodeInput,
  ) {
    const { deps, client, cookieToken } = context
    return loginSuccess(context, transport, await loginWithCode(deps, client, { ...input, cookieToken }))
  }
}
