import { Arg, Ctx, Directive, Field, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql'
import { confirmReset } from '../../services/confirmReset'
import type { Context } from '../context'
import { resultOf } from '../objects/userErrors'

@InputType()
class ConfirmResetInput {
  @Field()
  token: string

  @Field()
  password: string
}

@ObjectType()
class ConfirmResetSuccess {
  @Field({ description: 'The address that logs in with the new password.' })
  email: string

  @Field(() => Int)
  revokedSessions: number
}

const ConfirmResetResult = resultOf('ConfirmResetResult', ConfirmResetSuccess, [
  'INVALID_TOKEN',
  'EXPIRED_TOKEN',
  'WEAK_PASSWORD',
  'INVALID_INPUT',
  'RATE_LIMITED',
  'OVERLOADED',
])

@Resolver()
export class ConfirmResetMutation {
  @Mutation(() => ConfirmResetResult)
  @Directive('@rateLimit(max: 20, window: "15m")')
  confirmReset(@Ctx() { deps, client }: Context, @Arg('input', () => ConfirmResetInput) input: ConfirmResetInput) {
    return confirmReset(deps, client, input)
  }
}
