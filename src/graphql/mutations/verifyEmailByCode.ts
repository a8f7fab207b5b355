import { Arg, Ctx, Directive, Field, InputType, Mutation, Resolver } from 'type-graphql'
import { verifyEmailByCode } from '../../services/verifyEmailByCode'
import type { Context } from '../context'
import { resultOf } from '../objects/userErrors'
import { VerifyEmailSuccess } from './verifyEmail'

@InputType()
class VerifyEmailByCodeInput {
  @Field({ description: 'Of `register` or `resendVerification`.' })
  challenge: string

  @Field({ description: 'Eight digits; blanks and hyphens between them do not count.' })
  code: string
}

const VerifyEmailByCodeResult = resultOf('VerifyEmailByCodeResult', VerifyEmailSuccess, [
  'INVALID_INPUT',
  'INVALID_CREDENTIALS',
  'INVALID_TOKEN',
  'EXPIRED_TOKEN',
  'RATE_LIMITED',
])

@Resolver()
export class VerifyEmailByCodeMutation {
  @Mutation(() => VerifyEmailByCodeResult, {
    description: "The verification mail's code, for the browser or app that registered.",
  })
  @Directive('@rateLimit(max: 30, window: "15m")')
  verifyEmailByCode(
    @Ctx() { deps, client }: Context,
    @Arg('input', () => VerifyEmailByCodeInput) input: VerifyEmailByCodeInput,
  ) {
    return verifyEmailByCode(deps, client, input)
  }
}
