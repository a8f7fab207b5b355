import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Actor } from '../../../services/deps'
import { disableUser } from '../../../services/disableUser'
import { accountKey, viewAfterChange } from '../changedAccount'
import { CurrentActor, type OperatorContext } from '../context'
import { AccountView } from '../objects/account'
import { operatorResultOf } from '../objects/errors'

@InputType()
class DisableUserInput {
  @Field(() => ID)
  userId: string

  @Field({ description: 'For operators; the owner does not see it.' })
  reason: string
}

@ObjectType()
class DisableUserSuccess {
  @Field(() => AccountView)
  user: AccountView
}

const DisableUserResult = operatorResultOf('DisableUserResult', DisableUserSuccess)

@Resolver()
export class DisableUserMutation {
  @Mutation(() => DisableUserResult, {
    description: 'Ends the sessions of an account and voids its links and codes; no login succeeds until `enableUser`.',
  })
  async disableUser(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => DisableUserInput) input: DisableUserInput,
  ) {
    const account = accountKey(input.userId)
    return viewAfterChange(deps, await disableUser(deps, actor, { account, reason: input.reason }))
  }
}
