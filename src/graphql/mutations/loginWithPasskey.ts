import { GraphQLJSONObject } from 'graphql-scalars'
import { Arg, Ctx, Directive, Field, InputType, Mutation, Resolver } from 'type-graphql'
import { loginWithPasskey } from '../../services/loginWithPasskey'
import type { Context } from '../context'
import { TokenTransport } from '../objects/tokens'
import { LoginResult, loginSuccess } from './login'

@InputType()
class LoginWithPasskeyInput {
  @Field({ description: 'Of `startPasskeyLogin`.' })
  challenge: string

  @Field(() => GraphQLJSONObject, { description: 'What `navigator.credentials.get` gave, by its `toJSON()`.' })
  response: Record<string, unknown>

  @Field(() => TokenTransport, { defaultValue: TokenTransport.BODY })
  transport: TokenTransport
}

@Resolver()
export class LoginWithPasskeyMutation {
  @Mutation(() => LoginResult)
  @Directive('@rateLimit(max: 30, window: "15m")')
  async loginWithPasskey(
    @Ctx() context: Context,
    @Arg('input', () => LoginWithPasskeyInput) { transport, ...input }: LoginWithPasskeyInput,
  ) {
    const { deps, client, cookieToken } = context
    return loginSuccess(context, transport, await loginWithPasskey(deps, client, { ...input, cookieToken }))
  }
}
