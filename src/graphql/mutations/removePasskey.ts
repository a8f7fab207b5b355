import { Arg, Authorized, Ctx, Directive, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Viewer } from '../../services/deps'
import { removePasskey } from '../../services/removePasskey'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { resultOf } from '../objects/userErrors'

@InputType()
class RemovePasskeyInput {
  @Field(() => ID)
  passkeyId: string
}

@ObjectType({
  description:
    'What the page hands to PublicKeyCredential.signalAllAcceptedCredentials, so that the removed one is offered no more.',
})
class RemovePasskeySuccess {
  @Field(() => ID)
  passkeyId: string

  @Field(() => [String])
  acceptedCredentialIds: string[]

  @Field()
  rpId: string

  @Field()
  userHandle: string
}

const RemovePasskeyResult = resultOf('RemovePasskeyResult', RemovePasskeySuccess, [
  'LAST_WAY_IN',
  'STEP_UP_REQUIRED',
  'NOT_FOUND',
  'RATE_LIMITED',
])

@Resolver()
export class RemovePasskeyMutation {
  @Authorized()
  @Mutation(() => RemovePasskeyResult, { description: 'Sessions that it opened go on: see `revokeOtherSessions`.' })
  @Directive('@rateLimit(max: 20, window: "1h", per: [USER])')
  removePasskey(
    @Ctx() { deps, client }: Context,
    @CurrentViewer() viewer: Viewer,
    @Arg('input', () => RemovePasskeyInput) input: RemovePasskeyInput,
  ) {
    return removePasskey(deps, { client, viewer }, input)
  }
}
