import { Arg, Authorized, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { requestEmailChange } from '../../services/requestEmailChange'
import type { Viewer } from '../../services/deps'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { resultOf } from '../objects/userErrors'

@InputType()
class RequestEmailChangeInput {
  @Field()
  newEmail: string

  @Field()
  password: string

  @Field(() => String, {
    nullable: true,
    description: 'Where the mailed link leads: one of REDIRECT_URLS, which gets `#action=…&token=…`.',
  })
  redirect?: string | null
}

@ObjectType({ description: 'The same whether or not the new address has an account.' })
class RequestEmailChangeSuccess {
  @Field()
  newEmail: string
}

const RequestEmailChangeResult = resultOf('RequestEmailChangeResult', RequestEmailChangeSuccess, [
  'STEP_UP_REQUIRED',
  'INVALID_CREDENTIALS',
  'INVALID_INPUT',
  'RATE_LIMITED',
  'OVERLOADED',
])

@Resolver()
export class RequestEmailChangeMutation {
  @Authorized()
  @Mutation(() => RequestEmailChangeResult)
  @Directive('@rateLimit(max: 10, window: "1h", per: [USER])')
  async requestEmailChange(
    @Ctx() { deps, client }: Context,
    @CurrentViewer() viewer: Viewer,
    @Arg('input', () => RequestEmailChangeInput) input: RequestEmailChangeInput,
  ) {
    return requestEmailChange(deps, { client, viewer }, input)
  }
}
