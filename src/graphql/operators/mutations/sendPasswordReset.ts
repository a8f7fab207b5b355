import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Actor } from '../../../services/deps'
import { sendPasswordReset } from '../../../services/sendPasswordReset'
import { accountKey, viewAfterChange } from '../changedAccount'
import { CurrentActor, type OperatorContext } from '../context'
import { AccountView } from '../objects/account'
import { operatorResultOf } from '../objects/errors'

@InputType()
class SendPasswordResetInput {
  @Field(() => ID)
  userId: string
}

@ObjectType()
class SendPasswordResetSuccess {
  @Field(() => AccountView)
  user: AccountView
}

const SendPasswordResetResult = operatorResultOf('SendPasswordResetResult', SendPasswordResetSuccess)

@Resolver()
export class SendPasswordResetMutation {
  @Mutation(() => SendPasswordResetResult, { description: 'Mails the owner a link that sets a new password.' })
  async sendPasswordReset(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => SendPasswordResetInput) input: SendPasswordResetInput,
  ) {
    const account = accountKey(input.userId)
    return viewAfterChange(deps, await sendPasswordReset(deps, actor, account))
  }
}
