import { GraphQLJSONObject } from 'graphql-scalars'
import { Authorized, Ctx, Directive, Field, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Viewer } from '../../services/deps'
import { startPasskeyRegistration } from '../../services/startPasskeyRegistration'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { resultOf } from '../objects/userErrors'

@ObjectType()
class StartPasskeyRegistrationSuccess {
  @Field()
  challenge: string

  @Field(() => GraphQLJSONObject, { description: 'For `navigator.credentials.create`.' })
  options: Record<string, unknown>

  @Field()
  expiresAt: Date
}

const StartPasskeyRegistrationResult = resultOf('StartPasskeyRegistrationResult', StartPasskeyRegistrationSuccess, [
  'STEP_UP_REQUIRED',
  'RATE_LIMITED',
])

@Resolver()
export class StartPasskeyRegistrationMutation {
  @Authorized()
  @Mutation(() => StartPasskeyRegistrationResult, {
    description: 'Begins to add a passkey; `options` is for navigator.credentials.create.',
  })
  @Directive('@rateLimit(max: 20, window: "1h", per: [USER])')
  startPasskeyRegistration(@Ctx() { deps }: Context, @CurrentViewer() viewer: Viewer) {
    return startPasskeyRegistration(deps, viewer)
  }
}
