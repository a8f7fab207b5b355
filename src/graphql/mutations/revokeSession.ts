import { Arg, Authorized, Ctx, Directive, Field, ID, InputType, Mutation, ObjectType, Resolver } from 'type-graphql'
import { revokeSession } from '../../services/revokeSession'
import type { Viewer } from '../../services/deps'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'
import { resultOf } from '../objects/userErrors'

@InputType()
class RevokeSessionInput {
  @Field(() => ID)
  sessionId: string
}

@ObjectType()
class RevokeSessionSuccess {
  @Field(() => ID)
  sessionId: string
}

const RevokeSessionResult = resultOf('RevokeSessionResult', RevokeSessionSuccess, ['NOT_FOUND', 'RATE_LIMITED'])

@Resolver()
export class RevokeSessionMutation {
  @Authorized()
  @Mutation(() => RevokeSessionResult)
  @Directive('@rateLimit(max: 60, window: "1m", per: [USER])')
  async revokeSession(
    @Ctx() { deps, client }: Context,
    @CurrentViewer() viewer: Viewer,
    @Arg('input', () => RevokeSessionInput) input: RevokeSessionInput,
  ) {
    return revokeSession(deps, { client, viewer }, input)
  }
}
