import { Arg, Authorized, Ctx, Directive, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Viewer } from '../../services/deps'
import { enrollTotp } from '../../services/enrollTotp'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { resultOf } from '../objects/userErrors'

@InputType()
class EnrollTotpInput {
  @Field(() => String, { nullable: true })
  name?: string | null
}

@ObjectType()
class EnrollTotpSuccess {
  @Field(() => ID)
  factorId: string

  @Field({ description: 'otpauth://, for a QR code.' })
  uri: string

  @Field({ description: 'Base32, for typing.' })
  secret: string

  @Field()
  expiresAt: Date
}

const EnrollTotpResult = resultOf('EnrollTotpResult', EnrollTotpSuccess, [
  'STEP_UP_REQUIRED',
  'INVALID_INPUT',
  'RATE_LIMITED',
])

@Resolver()
export class EnrollTotpMutation {
  @Authorized()
  @Mutation(() => EnrollTotpResult, {
    description: 'Begins to add an authenticator app. Nothing changes until `confirmTotp`.',
  })
  @Directive('@rateLimit(max: 10, window: "1h", per: [USER])')
  async enrollTotp(
    @Ctx() { deps, client }: Context,
    @CurrentViewer() viewer: Viewer,
    @Arg('input', () => EnrollTotpInput) input: EnrollTotpInput,
  ) {
    return enrollTotp(deps, { client, viewer }, input)
  }
}
