import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Actor } from '../../../services/deps'
import { setRoles } from '../../../services/setRoles'
import { problemOfRoles } from '../../../services/steps/grantRules'
import { InvalidInputError } from '../../../errors/userErrors'
import { accountKey, viewAfterChange } from '../changedAccount'
import { CurrentActor, type OperatorContext } from '../context'
import { AccountView } from '../objects/account'
import { operatorResultOf } from '../objects/errors'

@InputType()
class SetRolesInput {
  @Field(() => ID)
  userId: string

  @Field(() => [String])
  roles: string[]

  @Field({
    defaultValue: false,
    description: 'Whether the sessions end too, so that their tokens are refused here at once.',
  })
  endSessions: boolean
}

@ObjectType()
class SetRolesSuccess {
  @Field(() => AccountView)
  user: AccountView
}

const SetRolesResult = operatorResultOf('SetRolesResult', SetRolesSuccess)

@Resolver()
export class SetRolesMutation {
  @Mutation(() => SetRolesResult, {
    description: 'Replaces the roles of an account. They reach its tokens at the next refresh.',
  })
  async setRoles(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => SetRolesInput) input: SetRolesInput,
  ) {
    const account = accountKey(input.userId)
    if (problemOfRoles(input.roles) !== null) throw new InvalidInputError([{ field: 'roles', code: 'INVALID_FORMAT' }])
    const { roles, endSessions } = input
    return viewAfterChange(deps, await setRoles(deps, actor, { account, roles, endSessions }))
  }
}
