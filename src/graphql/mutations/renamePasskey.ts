import { Arg, Authorized, Ctx, Directive, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Viewer } from '../../services/deps'
import { renamePasskey } from '../../services/renamePasskey'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { PasskeyType } from '../objects/passkey'
import { resultOf } from '../objects/userErrors'

@InputType()
class RenamePasskeyInput {
  @Field(() => ID)
  passkeyId: string

  @Field()
  name: string
}

@ObjectType()
class RenamePasskeySuccess {
  @Field(() => PasskeyType)
  passkey: PasskeyType
}

const RenamePasskeyResult = resultOf('RenamePasskeyResult', RenamePasskeySuccess, [
  'NOT_FOUND',
  'INVALID_INPUT',
  'RATE_LIMITED',
])

@Resolver()
export class RenamePasskeyMutation {
  @Authorized()
  @Mutation(() => RenamePasskeyResult)
  @Directive('@rateLimit(max: 60, window: "1m", per: [USER])')
  async renamePasskey(
    @Ctx() { deps, client }: Context,
    @CurrentViewer() viewer: Viewer,
    @Arg('input', () => RenamePasskeyInput) input: RenamePasskeyInput,
  ) {
    const { passkey } = await renamePasskey(deps, { client, viewer }, input)
    return { passkey: PasskeyType.of(passkey) }
  }
}
