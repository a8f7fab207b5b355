import { Authorized, Ctx, Directive, Field, Mutation, ObjectType, Resolver } from 'type-graphql'
import { cancelEmailChange } from '../../services/cancelEmailChange'
import type { Viewer } from '../../services/deps'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { resultOf } from '../objects/userErrors'

@ObjectType()
class CancelEmailChangeSuccess {
  @Field({ description: 'The address that the account has, and keeps.' })
  email: string
}

const CancelEmailChangeResult = resultOf('CancelEmailChangeResult', CancelEmailChangeSuccess, ['RATE_LIMITED'])

@Resolver()
export class CancelEmailChangeMutation {
  @Authorized()
  @Mutation(() => CancelEmailChangeResult, {
    description: 'Voids a change that waits to be confirmed; succeeds where there is none.',
  })
  @Directive('@rateLimit(max: 60, window: "1m", per: [USER])')
  async cancelEmailChange(@Ctx() { deps, client }: Context, @CurrentViewer() viewer: Viewer) {
    return cancelEmailChange(deps, { client, viewer })
  }
}
