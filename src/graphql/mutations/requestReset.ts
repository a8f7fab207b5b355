import { Arg, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { requestReset } from '../../services/requestReset'
import type { Context } from '../context'
import { resultOf } from '../objects/userErrors'

@InputType()
class RequestResetInput {
  @Field()
  email: string

  @Field(() => String, {
    nullable: true,
    description: 'Where the mailed link leads: one of REDIRECT_URLS, which gets `#action=…&token=…`.',
  })
  redirect?: string | null
}

@ObjectType({ description: 'The same whether or not the address has an account.' })
class RequestResetSuccess {
  @Field()
  email: string
}

const RequestResetResult = resultOf('RequestResetResult', RequestResetSuccess, ['INVALID_INPUT', 'RATE_LIMITED'])

@Resolver()
export class RequestResetMutation {
  @Mutation(() => RequestResetResult)
  @Directive('@rateLimit(max: 5, window: "1h", per: [IP, EMAIL])')
  @Directive('@rateLimit(max: 20, window: "1h")')
  requestReset(@Ctx() { deps, client }: Context, @Arg('input', () => RequestResetInput) input: RequestResetInput) {
    return requestReset(deps, client, input)
  }
}
