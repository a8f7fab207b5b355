import { Authorized, Ctx, Directive, Field, Mutation, ObjectType, Resolver } from 'type-graphql'
import type { Viewer } from '../../services/deps'
import { renewRecoveryCodes } from '../../services/renewRecoveryCodes'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { resultOf } from '../objects/userErrors'

@ObjectType()
class RenewRecoveryCodesSuccess {
  @Field(() => [String])
  recoveryCodes: string[]
}

const RenewRecoveryCodesResult = resultOf('RenewRecoveryCodesResult', RenewRecoveryCodesSuccess, [
  'STEP_UP_REQUIRED',
  'NOT_FOUND',
  'RATE_LIMITED',
])

@Resolver()
export class RenewRecoveryCodesMutation {
  @Authorized()
  @Mutation(() => RenewRecoveryCodesResult, { description: 'Voids the old codes and shows ten new ones, once.' })
  @Directive('@rateLimit(max: 5, window: "1h", per: [USER])')
  async renewRecoveryCodes(@Ctx() { deps, client }: Context, @CurrentViewer() viewer: Viewer) {
    return renewRecoveryCodes(deps, { client, viewer })
  }
}
