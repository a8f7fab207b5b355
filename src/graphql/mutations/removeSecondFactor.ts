import { Arg, Authorized, Ctx, Directive, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Viewer } from '../../services/deps'
import { removeSecondFactor } from '../../services/removeSecondFactor'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { resultOf } from '../objects/userErrors'

@InputType()
class RemoveSecondFactorInput {
  @Field(() => ID)
  factorId: string
}

@ObjectType()
class RemoveSecondFactorSuccess {
  @Field(() => ID)
  factorId: string
}

const RemoveSecondFactorResult = resultOf('RemoveSecondFactorResult', RemoveSecondFactorSuccess, [
  'STEP_UP_REQUIRED',
  'NOT_FOUND',
  'RATE_LIMITED',
])

@Resolver()
export class RemoveSecondFactorMutation {
  @Authorized()
  @Mutation(() => RemoveSecondFactorResult, { description: 'With the last factor the recovery codes go.' })
  @Directive('@rateLimit(max: 10, window: "1h", per: [USER])')
  async removeSecondFactor(
    @Ctx() { deps, client }: Context,
    @CurrentViewer() viewer: Viewer,
    @Arg('input', () => RemoveSecondFactorInput) input: RemoveSecondFactorInput,
  ) {
    return removeSecondFactor(deps, { client, viewer }, input)
  }
}
