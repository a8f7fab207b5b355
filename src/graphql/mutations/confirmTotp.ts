import {
  Arg,
  Authorized,
  Ctx,
  Directive,
  Field,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Resolver,
} from 'type-graphql'
import { confirmTotp } from '../../services/confirmTotp'
import type { Viewer } from '../../services/deps'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { SecondFactorType } from '../objects/secondFactor'
import { TokensType } from '../objects/tokens'
import { resultOf } from '../objects/userErrors'
import { tokensOfSameTransport } from '../tokensForTransport'

@InputType()
class ConfirmTotpInput {
  @Field(() => ID)
  factorId: string

  @Field()
  code: string
}

@ObjectType({ description: 'The session that confirmed goes on with new tokens; sessions of one factor have ended.' })
class ConfirmTotpSuccess {
  @Field(() => SecondFactorType)
  factor: SecondFactorType

  @Field(() => [String], { nullable: true, description: 'Null unless this was the first factor.' })
  recoveryCodes: string[] | null

  @Field(() => Int)
  revokedSessions: number

  @Field(() => TokensType)
  tokens: TokensType
}

const ConfirmTotpResult = resultOf('ConfirmTotpResult', ConfirmTotpSuccess, [
  'STEP_UP_REQUIRED',
  'INVALID_CREDENTIALS',
  'INVALID_INPUT',
  'NOT_FOUND',
  'RATE_LIMITED',
])

@Resolver()
export class ConfirmTotpMutation {
  @Authorized()
  @Mutation(() => ConfirmTotpResult, {
    description: 'Proves the app by one code; the first factor also brings the recovery codes, shown this once.',
  })
  @Directive('@rateLimit(max: 10, window: "1h", per: [USER])')
  async confirmTotp(
    @Ctx() context: Context,
    @CurrentViewer() viewer: Viewer,
    @Arg('input', () => ConfirmTotpInput) input: ConfirmTotpInput,
  ) {
    const { deps, client, cookieToken } = context
    const { isCookieSession, tokens, ...confirmed } = await confirmTotp(deps, { client, viewer, cookieToken }, input)
    return { ...confirmed, tokens: tokensOfSameTransport(context, { tokens, isCookieSession }) }
  }
}
