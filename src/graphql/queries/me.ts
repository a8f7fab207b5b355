import { Ctx, Query, Resolver } from 'type-graphql'
import type { Context } from '../context'
import { UserType } from '../objects/user'

@Resolver()
export class MeQuery {
  @Query(() => UserType, {
    nullable: true,
    description:
      'The signed-in user; null for an anonymous request. A token that is expired, revoked or forged is an UNAUTHENTICATED error, not null.',
  })
  async me(@Ctx() { viewer }: Context) {
    const found = await viewer()
    return found && UserType.of(found.account, found.session.id)
  }
}
