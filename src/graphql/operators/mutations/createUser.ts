import { GraphQLJSONObject } from 'graphql-scalars'
import { Arg, Ctx, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { createUser } from '../../../services/createUser'
import type { Actor } from '../../../services/deps'
import { viewAfterChange } from '../changedAccount'
import { CurrentActor, type OperatorContext } from '../context'
import { AccountView } from '../objects/account'
import { operatorResultOf } from '../objects/errors'

@InputType()
class CreateUserInput {
  @Field()
  email: string

  @Field(() => String, { nullable: true })
  displayName?: string | null

  @Field(() => String, { nullable: true, description: 'Of the invitation, as in `de`. Default: `en`.' })
  locale?: string | null

  @Field(() => [String], { defaultValue: [] })
  roles: string[]

  // Nullable instead of a default: an object as default of a JSON scalar cannot be introspected.
  @Field(() => GraphQLJSONObject, { nullable: true })
  claims?: Record<string, unknown> | null
}

@ObjectType()
class CreateUserSuccess {
  @Field(() => AccountView)
  user: AccountView
}

const CreateUserResult = operatorResultOf('CreateUserResult', CreateUserSuccess, ['ALREADY_EXISTS'])

@Resolver()
export class CreateUserMutation {
  @Mutation(() => CreateUserResult, {
    description:
      'Creates an account without a password. A mail invites its owner to choose one, which verifies the address.',
  })
  async createUser(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => CreateUserInput) input: CreateUserInput,
  ) {
    return viewAfterChange(deps, await createUser(deps, actor, input))
  }
}
