import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { lockGrants } from '../store/grants'
import { setDisabled } from '../store/operatedUsers'
import type { AccountKey } from '../store/users'

/** Lets a disabled account log in again; ended sessions stay ended. Resolves to its id; null if there is none. */
export function enableUser(deps: ChangeDeps, actor: Actor, account: AccountKey): Promise<string | null> {
  return commit(deps, actor, async (tx, now) => {
    const user = await lockGrants(tx, account)
    if (!user) return { result: null, event: null, invalidate: [] }
    await setDisabled(tx, user.id, { disabledAt: null, reason: null, now })
    return {
      result: user.id,
      event: { type: 'user_enabled', userId: user.id },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
}
