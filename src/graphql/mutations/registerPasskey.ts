import { GraphQLJSONObject } from 'graphql-scalars'
import { Arg, Authorized, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Viewer } from '../../services/deps'
import { registerPasskey } from '../../services/registerPasskey'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { PasskeyType } from '../objects/passkey'
import { resultOf } from '../objects/userErrors'

@InputType()
class RegisterPasskeyInput {
  @Field({ description: 'Of `startPasskeyRegistration`, in the same session.' })
  challenge: string

  @Field(() => GraphQLJSONObject, { description: 'What `navigator.credentials.create` gave, by its `toJSON()`.' })
  response: Record<string, unknown>

  @Field(() => String, { nullable: true })
  name?: string | null
}

@ObjectType()
class RegisterPasskeySuccess {
  @Field(() => PasskeyType)
  passkey: PasskeyType

  @Field(() => [String], { nullable: true, description: 'Null unless this was the first factor.' })
  recoveryCodes: string[] | null
}

const RegisterPasskeyResult = resultOf('RegisterPasskeyResult', RegisterPasskeySuccess, [
  'STEP_UP_REQUIRED',
  'INVALID_CREDENTIALS',
  'INVALID_TOKEN',
  'EXPIRED_TOKEN',
  'INVALID_INPUT',
  'RATE_LIMITED',
])

@Resolver()
export class RegisterPasskeyMutation {
  @Authorized()
  @Mutation(() => RegisterPasskeyResult, {
    description: 'From then on the passkey logs in by itself, and a login by password asks for a second factor.',
  })
  @Directive('@rateLimit(max: 20, window: "1h", per: [USER])')
  async registerPasskey(
    @Ctx() { deps, client }: Context,
    @CurrentViewer() viewer: Viewer,
    @Arg('input', () => RegisterPasskeyInput) input: RegisterPasskeyInput,
  ) {
    const { passkey, recoveryCodes } = await registerPasskey(deps, { client, viewer }, input)
    return { passkey: PasskeyType.of(passkey), recoveryCodes }
  }
}
