import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Actor } from '../../../services/deps'
import { markEmailVerified } from '../../../services/markEmailVerified'
import { accountKey, viewAfterChange } from '../changedAccount'
import { CurrentActor, type OperatorContext } from '../context'
import { AccountView } from '../objects/account'
import { operatorResultOf } from '../objects/errors'

@InputType()
class MarkEmailVerifiedInput {
  @Field(() => ID)
  userId: string
}

@ObjectType()
class MarkEmailVerifiedSuccess {
  @Field(() => AccountView)
  user: AccountView
}

const MarkEmailVerifiedResult = operatorResultOf('MarkEmailVerifiedResult', MarkEmailVerifiedSuccess, [
  'ALREADY_EXISTS',
])

@Resolver()
export class MarkEmailVerifiedMutation {
  @Mutation(() => MarkEmailVerifiedResult, {
    description:
      'Verifies the address on your word. One registration that waits is activated; of several none is: then send a reset.',
  })
  async markEmailVerified(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => MarkEmailVerifiedInput) input: MarkEmailVerifiedInput,
  ) {
    const account = accountKey(input.userId)
    return viewAfterChange(deps, await markEmailVerified(deps, actor, account))
  }
}
