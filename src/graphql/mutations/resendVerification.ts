import { Arg, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { resendVerification } from '../../services/resendVerification'
import type { Context } from '../context'
import { resultOf } from '../objects/userErrors'

@InputType()
class ResendVerificationInput {
  @Field()
  email: string

  @Field(() => String, {
    nullable: true,
    description: 'Where the mailed link leads: one of REDIRECT_URLS, which gets `#action=…&token=…`.',
  })
  redirect?: string | null
}

@ObjectType()
class ResendVerificationSuccess {
  @Field()
  email: string

  @Field({ description: 'For `verifyEmailByCode`, together with the code in the mail. The link in it works without.' })
  challenge: string
}

const ResendVerificationResult = resultOf('ResendVerificationResult', ResendVerificationSuccess, [
  'INVALID_INPUT',
  'RATE_LIMITED',
])

@Resolver()
export class ResendVerificationMutation {
  @Mutation(() => ResendVerificationResult)
  @Directive('@rateLimit(max: 5, window: "1h", per: [IP, EMAIL])')
  @Directive('@rateLimit(max: 20, window: "1h")')
  resendVerification(
    @Ctx() { deps, client }: Context,
    @Arg('input', () => ResendVerificationInput) input: ResendVerificationInput,
  ) {
    return resendVerification(deps, client, input)
  }
}
