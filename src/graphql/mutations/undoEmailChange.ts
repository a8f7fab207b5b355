import { Arg, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { undoEmailChange } from '../../services/undoEmailChange'
import type { Context } from '../context'
import { resultOf } from '../objects/userErrors'

@InputType()
class UndoEmailChangeInput {
  @Field()
  token: string
}

@ObjectType()
class UndoEmailChangeSuccess {
  @Field({ description: 'The address that the account has again. A mail to it leads to a new password.' })
  email: string
}

const UndoEmailChangeResult = resultOf('UndoEmailChangeResult', UndoEmailChangeSuccess, [
  'INVALID_TOKEN',
  'EXPIRED_TOKEN',
  'RATE_LIMITED',
])

@Resolver()
export class UndoEmailChangeMutation {
  @Mutation(() => UndoEmailChangeResult, {
    description:
      'Redeems the link that was mailed to the former address: restores it, ends every session and mails a link to choose a new password. Logs nobody in.',
  })
  @Directive('@rateLimit(max: 30, window: "15m")')
  undoEmailChange(
    @Ctx() { deps, client }: Context,
    @Arg('input', () => UndoEmailChangeInput) input: UndoEmailChangeInput,
  ) {
    return undoEmailChange(deps, client, input)
  }
}
