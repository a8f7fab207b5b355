import { GraphQLJSONObject } from 'graphql-scalars'
import { Arg, Ctx, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Actor } from '../../../services/deps'
import { setClaims } from '../../../services/setClaims'
import { accountKey, viewAfterChange } from '../changedAccount'
import { CurrentActor, type OperatorContext } from '../context'
import { AccountView } from '../objects/account'
import { operatorResultOf } from '../objects/errors'

@InputType()
class SetClaimsInput {
  @Field(() => ID)
  userId: string

  @Field(() => GraphQLJSONObject)
  claims: Record<string, unknown>

  @Field({
    defaultValue: false,
    description: 'Whether the sessions end too, so that their tokens are refused here at once.',
  })
  endSessions: boolean
}

@ObjectType()
class SetClaimsSuccess {
  @Field(() => AccountView)
  user: AccountView
}

const SetClaimsResult = operatorResultOf('SetClaimsResult', SetClaimsSuccess)

@Resolver()
export class SetClaimsMutation {
  @Mutation(() => SetClaimsResult, {
    description: 'Replaces the claims of an account. They reach its tokens at the next refresh.',
  })
  async setClaims(
    @Ctx() { deps }: OperatorContext,
    @CurrentActor() actor: Actor,
    @Arg('input', () => SetClaimsInput) input: SetClaimsInput,
  ) {
    const { userId, claims, endSessions } = input
    const changed = await setClaims(deps, actor, { account: accountKey(userId), claims, endSessions })
    return viewAfterChange(deps, changed)
  }
}
