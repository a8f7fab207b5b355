import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { NotFoundError } from '../../../errors/userErrors'
import type { Actor } from '../../../services/deps'
import { deleteUser } from '../../../services/deleteUser'
import { accountKey } from '../changedAccount'
import { CurrentActor, type OperatorContext } from '../context'
import { operatorResultOf } from '../objects/errors'

@InputType()
class DeleteUserInput {
  @Field(() => ID)
  userId: string
}

@ObjectType()
class DeleteUserSuccess {
  @Field(() => ID)
  userId: string
}

const DeleteUserResult = operatorResultOf('DeleteUserResult', DeleteUserSuccess)

@Resolver()
export class DeleteUserMutation {
  @Mutation(() => DeleteUserResult, { description: 'Deletes an account for good. Its owner is notified.' })
  async deleteUser(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => DeleteUserInput) input: DeleteUserInput,
  ) {
    const userId = await deleteUser(deps, actor, accountKey(input.userId))
    if (userId === null) throw new NotFoundError()
    return { userId }
  }
}
