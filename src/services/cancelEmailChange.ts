import type { ClientInfo, Deps, Viewer } from './deps'
import { commit } from './steps/commit'
import { UnauthenticatedError } from '../errors/requestErrors'
import { clearPendingEmail } from '../store/emailChanges'
import { invalidateEmailChange } from '../store/oneTimeTokens'
import { lockUser } from '../store/users'

/** Cancels the pending change of address and invalidates its link. If there is none, writes nothing. */
export async function cancelEmailChange(
  deps: Pick<Deps, 'clock' | 'database' | 'sessionCache'>,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
): Promise<{ email: string }> {
  const userId = viewer.account.id
  const email = await commit(deps, client, async (tx) => {
    const user = await lockUser(tx, userId)
    if (!user) throw new UnauthenticatedError('the account is gone')
    if (!(await clearPendingEmail(tx, userId))) return { result: user.email, event: null, invalidate: [] }
    await invalidateEmailChange(tx, userId)
    return { result: user.email, event: { type: 'email_change_cancelled', userId }, invalidate: [] }
  })
  return { email }
}
