import { Ctx, Directive, Field, ID, Mutation, ObjectType, Resolver } from 'type-graphql'
import { UnauthenticatedError } from '../../errors/requestErrors'
import type { Viewer } from '../../services/deps'
import { logout } from '../../services/logout'
import type { Context } from '../context'

@ObjectType()
class LogoutSuccess {
  @Field(() => ID)
  sessionId: string
}

@Resolver()
export class LogoutMutation {
  @Mutation(() => LogoutSuccess)
  @Directive('@rateLimit(max: 60, window: "1m", per: [USER])')
  async logout(@Ctx() context: Context) {
    const { deps, client, response, cookieToken } = context
    try {
      const viewer = await viewerOrCookie(context)
      const { sessionId, clearCookie } = await logout(deps, client, { viewer, cookieToken })
      if (clearCookie) response.refreshCookie = 'clear'
      return { sessionId }
    } catch (error) {
      // Clear the cookie even if its session has already ended.
      if (error instanceof UnauthenticatedError && cookieToken !== null) response.refreshCookie = 'clear'
      throw error
    }
  }
}

/** The signed-in client; null if the access token is missing or invalid while a refresh cookie identifies the session. */
async function viewerOrCookie({ viewer, requireViewer, cookieToken }: Context): Promise<Viewer | null> {
  if (cookieToken === null) return requireViewer()
  return viewer().catch((error: unknown) => {
    if (error instanceof UnauthenticatedError) return null
    throw error
  })
}
