import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { lockGrants } from '../store/grants'
import { revokeSessions } from '../store/sessions'
import type { AccountKey } from '../store/users'

/** Ends every session of an account. Resolves to their number; null if there is none. */
export function endSessions(deps: ChangeDeps, actor: Actor, account: AccountKey): Promise<number | null> {
  return commit(deps, actor, async (tx, now) => {
    const user = await lockGrants(tx, account)
    if (!user) return { result: null, event: null, invalidate: [] }
    const sessions = await revokeSessions(tx, { userId: user.id }, now)
    return {
      result: sessions,
      event: { type: 'user_sessions_ended', userId: user.id, details: { sessions } },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
}
