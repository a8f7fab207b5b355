import type { ClientInfo, Deps, Viewer } from './deps'
import { commit } from './steps/commit'
import { UnauthenticatedError } from '../errors/requestErrors'
import { revokeSessions } from '../store/sessions'
import { lockUser } from '../store/users'

/** Revokes every session of the viewer except that of the request. */
export async function revokeOtherSessions(
  deps: Pick<Deps, 'clock' | 'database' | 'sessionCache'>,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
): Promise<{ revokedSessions: number }> {
  const userId = viewer.account.id
  const revokedSessions = await commit(deps, client, async (tx, now) => {
    if (!(await lockUser(tx, userId))) throw new UnauthenticatedError('the account is gone')
    const { id: keptSessionId } = viewer.session
    return {
      result: await revokeSessions(tx, { userId, keep: keptSessionId }, now),
      event: { type: 'other_sessions_revoked', userId, details: { keptSessionId } },
      invalidate: [{ kind: 'user', id: userId }],
    }
  })
  return { revokedSessions }
}
