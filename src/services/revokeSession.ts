import type { ClientInfo, Deps, Viewer } from './deps'
import { commit } from './steps/commit'
import { UnauthenticatedError } from '../errors/requestErrors'
import { NotFoundError } from '../errors/userErrors'
import { isUuid } from '../lib/uuid'
import { revokeSession as revoke } from '../store/sessions'
import { lockUser } from '../store/users'

/** Revokes one of the viewer's own sessions. Throws NotFoundError both for another user's session and for an unknown id. */
export async function revokeSession(
  deps: Pick<Deps, 'clock' | 'database' | 'sessionCache'>,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  input: { sessionId: string },
): Promise<{ sessionId: string }> {
  const { sessionId } = input
  if (!isUuid(sessionId)) throw new NotFoundError()
  const userId = viewer.account.id
  await commit(deps, client, async (tx, now) => {
    if (!(await lockUser(tx, userId))) throw new UnauthenticatedError('the account is gone')
    if (!(await revoke(tx, { userId, sessionId }, now))) throw new NotFoundError()
    return {
      result: undefined,
      event: { type: 'session_revoked', userId, details: { sessionId } },
      invalidate: [{ kind: 'session', id: sessionId.toLowerCase() }],
    }
  })
  return { sessionId }
}
