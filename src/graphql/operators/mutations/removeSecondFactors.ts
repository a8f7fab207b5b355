import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Actor } from '../../../services/deps'
import { removeSecondFactors } from '../../../services/removeSecondFactors'
import { accountKey, viewAfterChange } from '../changedAccount'
import { CurrentActor, type OperatorContext } from '../context'
import { AccountView } from '../objects/account'
import { operatorResultOf } from '../objects/errors'

@InputType()
class RemoveSecondFactorsInput {
  @Field(() => ID)
  userId: string

  @Field({ defaultValue: false, description: 'Without the day in which the owner may object.' })
  immediately: boolean
}

@ObjectType()
class RemoveSecondFactorsSuccess {
  @Field(() => AccountView)
  user: AccountView
}

const RemoveSecondFactorsResult = operatorResultOf('RemoveSecondFactorsResult', RemoveSecondFactorsSuccess)

@Resolver()
export class RemoveSecondFactorsMutation {
  @Mutation(() => RemoveSecondFactorsResult, {
    description:
      'Removes authenticator apps, passkeys and recovery codes in 24 hours. The owner objects by logging in with one.',
  })
  async removeSecondFactors(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => RemoveSecondFactorsInput) input: RemoveSecondFactorsInput,
  ) {
    const account = accountKey(input.userId)
    return viewAfterChange(deps, await removeSecondFactors(deps, actor, { account, immediately: input.immediately }))
  }
}
