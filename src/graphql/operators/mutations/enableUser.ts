import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Actor } from '../../../services/deps'
import { enableUser } from '../../../services/enableUser'
import { accountKey, viewAfterChange } from '../changedAccount'
import { CurrentActor, type OperatorContext } from '../context'
import { AccountView } from '../objects/account'
import { operatorResultOf } from '../objects/errors'

@InputType()
class EnableUserInput {
  @Field(() => ID)
  userId: string
}

@ObjectType()
class EnableUserSuccess {
  @Field(() => AccountView)
  user: AccountView
}

const EnableUserResult = operatorResultOf('EnableUserResult', EnableUserSuccess)

@Resolver()
export class EnableUserMutation {
  @Mutation(() => EnableUserResult, {
    description: 'Lets a disabled account log in again. Its ended sessions stay ended.',
  })
  async enableUser(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => EnableUserInput) input: EnableUserInput,
  ) {
    const account = accountKey(input.userId)
    return viewAfterChange(deps, await enableUser(deps, actor, account))
  }
}
