import { Arg, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { verifyEmail } from '../../services/verifyEmail'
import type { Context } from '../context'
import { resultOf } from '../objects/userErrors'

@InputType()
class VerifyEmailInput {
  @Field()
  token: string
}

@ObjectType({ description: 'Following the same link again within its lifetime succeeds again.' })
export class VerifyEmailSuccess {
  @Field()
  email: string

  @Field(() => String, {
    nullable: true,
    description:
      'Null in the ordinary case: the password given at registration counts now. Where more than one registration waited for the address, no password of theirs counts; whoever followed the link chooses one with `confirmReset` and this token.',
  })
  resetToken: string | null
}

const VerifyEmailResult = resultOf('VerifyEmailResult', VerifyEmailSuccess, [
  'INVALID_TOKEN',
  'EXPIRED_TOKEN',
  'RATE_LIMITED',
])

@Resolver()
export class VerifyEmailMutation {
  @Mutation(() => VerifyEmailResult)
  @Directive('@rateLimit(max: 30, window: "15m")')
  verifyEmail(@Ctx() { deps, client }: Context, @Arg('input', () => VerifyEmailInput) input: VerifyEmailInput) {
    return verifyEmail(deps, client, input)
  }
}
