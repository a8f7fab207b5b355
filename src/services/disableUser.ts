import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { lockGrants } from '../store/grants'
import { setDisabled } from '../store/operatedUsers'
import { invalidateLinks } from '../store/oneTimeTokens'
import { revokeSessions } from '../store/sessions'

/**
 * Disables an account: its sessions end, its links and codes are invalid, and no login succeeds until it is enabled. Resolves
 * to the account's id; null if the address has no account.
 */
export function disableUser(deps: ChangeDeps, actor: Actor, email: string): Promise<string | null> {
  return commit(deps, actor, async (tx, now) => {
    const user = await lockGrants(tx, { email })
    if (!user) return { result: null, event: null, invalidate: [] }
    await setDisabled(tx, user.id, { disabledAt: now, now })
    await invalidateLinks(tx, { userId: user.id, addresses: [email] })
    const sessions = await revokeSessions(tx, { userId: user.id }, now)
    return {
      result: user.id,
      event: { type: 'user_disabled', userId: user.id, details: { sessions } },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
}
