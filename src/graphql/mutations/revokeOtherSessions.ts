import { Authorized, Ctx, Directive, Field, Int, Mutation, ObjectType, Resolver } from 'type-graphql'
import { revokeOtherSessions } from '../../services/revokeOtherSessions'
import type { Viewer } from '../../services/deps'
import type { Context } from '../context'
import { CurrentViewer } from '../currentViewer'

@ObjectType()
class RevokeOtherSessionsSuccess {
  @Field(() => Int)
  revokedSessions: number
}

@Resolver()
export class RevokeOtherSessionsMutation {
  @Authorized()
  @Mutation(() => RevokeOtherSessionsSuccess)
  @Directive('@rateLimit(max: 60, window: "1m", per: [USER])')
  async revokeOtherSessions(@Ctx() { deps, client }: Context, @CurrentViewer() viewer: Viewer) {
    return revokeOtherSessions(deps, { client, viewer })
  }
}
