import { Arg, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { confirmEmailChange } from '../../services/confirmEmailChange'
import type { Context } from '../context'
import { resultOf } from '../objects/userErrors'

@InputType()
class ConfirmEmailChangeInput {
  @Field()
  token: string
}

@ObjectType()
class ConfirmEmailChangeSuccess {
  @Field()
  email: string
}

const ConfirmEmailChangeResult = resultOf('ConfirmEmailChangeResult', ConfirmEmailChangeSuccess, [
  'INVALID_TOKEN',
  'EXPIRED_TOKEN',
  'RATE_LIMITED',
])

@Resolver()
export class ConfirmEmailChangeMutation {
  @Mutation(() => ConfirmEmailChangeResult)
  @Directive('@rateLimit(max: 30, window: "15m")')
  confirmEmailChange(
    @Ctx() { deps, client }: Context,
    @Arg('input', () => ConfirmEmailChangeInput) input: ConfirmEmailChangeInput,
  ) {
    return confirmEmailChange(deps, client, input)
  }
}
