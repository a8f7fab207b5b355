import { GraphQLJSONObject } from 'graphql-scalars'
import { Arg, Ctx, Directive, Field, InputType, Mutation, Resolver } from 'type-graphql'
import { verifySecondFactor } from '../../services/verifySecondFactor'
import type { Context } from '../context'
import { TokenTransport } from '../objects/tokens'
import { LoginResult, loginSuccess } from './login'

@InputType({ description: 'Exactly one of the proofs.' })
class VerifySecondFactorInput {
  @Field()
  challenge: string

  @Field(() => String, { nullable: true })
  totp?: string | null

  @Field(() => String, { nullable: true })
  recoveryCode?: string | null

  @Field(() => GraphQLJSONObject, { nullable: true, description: 'For `passkeyOptions` of SecondFactorRequiredError.' })
  passkey?: Record<string, unknown> | null

  @Field(() => TokenTransport, { defaultValue: TokenTransport.BODY })
  transport: TokenTransport
}

@Resolver()
export class VerifySecondFactorMutation {
  @Mutation(() => LoginResult, {
    description: 'The second step of a login: `challenge` comes from SecondFactorRequiredError.',
  })
  @Directive('@rateLimit(max: 30, window: "15m")')
  async verifySecondFactor(
    @Ctx() context: Context,
    @Arg('input', () => VerifySecondFactorInput) { transport, ...proof }: VerifySecondFactorInput,
  ) {
    const { deps, client, cookieToken } = context
    return loginSuccess(context, transport, await verifySecondFactor(deps, client, { ...proof, cookieToken }))
  }
}
