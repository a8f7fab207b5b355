import { Arg, Authorized, Ctx, Directive, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { deleteAccount } from '../../services/deleteAccount'
import type { Viewer } from '../../services/deps'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { resultOf } from '../objects/userErrors'

@InputType()
class DeleteAccountInput {
  @Field()
  password: string
}

@ObjectType()
class DeleteAccountSuccess {
  @Field(() => ID)
  userId: string
}

const DeleteAccountResult = resultOf('DeleteAccountResult', DeleteAccountSuccess, [
  'STEP_UP_REQUIRED',
  'INVALID_CREDENTIALS',
  'RATE_LIMITED',
  'OVERLOADED',
])

@Resolver()
export class DeleteAccountMutation {
  @Authorized()
  @Mutation(() => DeleteAccountResult)
  @Directive('@rateLimit(max: 10, window: "1h", per: [USER])')
  async deleteAccount(
    @Ctx() { deps, client }: Context,
    @CurrentViewer() viewer: Viewer,
    @Arg('input', () => DeleteAccountInput) input: DeleteAccountInput,
  ) {
    return deleteAccount(deps, { client, viewer }, input)
  }
}
