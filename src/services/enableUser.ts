import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { lockGrants } from '../store/grants'
import { setDisabled } from '../store/operatedUsers'

/** Lets a disabled account log in again; ended sessions stay ended. Resolves to its id; null if the address has no account. */
export function enableUser(deps: ChangeDeps, actor: Actor, email: string): Promise<string | null> {
  return commit(deps, actor, async (tx, now) => {
    const user = await lockGrants(tx, { email })
    if (!user) return { result: null, event: null, invalidate: [] }
    await setDisabled(tx, user.id, { disabledAt: null, now })
    return {
      result: user.id,
      event: { type: 'user_enabled', userId: user.id },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
}
