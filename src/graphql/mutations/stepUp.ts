import { GraphQLJSONObject } from 'graphql-scalars'
import { Arg, Authorized, Ctx, Directive, Field, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Viewer } from '../../services/deps'
import { stepUp } from '../../services/stepUp'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { SessionType } from '../objects/session'
import { TokensType } from '../objects/tokens'
import { resultOf } from '../objects/userErrors'
import { tokensOfSameTransport } from '../tokensForTransport'

@InputType({ description: 'Exactly one; which ones are accepted stands in StepUpRequiredError.methods.' })
class StepUpInput {
  @Field(() => String, { nullable: true })
  password?: string | null

  @Field(() => String, { nullable: true })
  totp?: string | null

  @Field(() => String, { nullable: true })
  recoveryCode?: string | null

  @Field(() => GraphQLJSONObject, { nullable: true, description: 'For the options of `startPasskeyLogin`.' })
  passkey?: Record<string, unknown> | null

  @Field(() => String, { nullable: true, description: 'Of `startPasskeyLogin`, together with `passkey`.' })
  challenge?: string | null
}

@ObjectType({ description: 'The session goes on with new tokens.' })
class StepUpSuccess {
  @Field(() => SessionType)
  session: SessionType

  @Field(() => TokensType)
  tokens: TokensType
}

const StepUpResult = resultOf('StepUpResult', StepUpSuccess, [
  'INVALID_CREDENTIALS',
  'INVALID_INPUT',
  'INVALID_TOKEN',
  'RATE_LIMITED',
  'OVERLOADED',
])

@Resolver()
export class StepUpMutation {
  @Authorized()
  @Mutation(() => StepUpResult, {
    description: 'Proves again who is there: what asks for it answers StepUpRequiredError.',
  })
  @Directive('@rateLimit(max: 20, window: "15m", per: [USER])')
  async stepUp(
    @Ctx() context: Context,
    @CurrentViewer() viewer: Viewer,
    @Arg('input', () => StepUpInput) input: StepUpInput,
  ) {
    const { deps, client, cookieToken } = context
    const { session, ...issued } = await stepUp(deps, { client, viewer, cookieToken }, input)
    return { session: SessionType.of(session, session.id), tokens: tokensOfSameTransport(context, issued) }
  }
}
