import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { lockGrants, updateGrants } from '../store/grants'
import { revokeSessions } from '../store/sessions'
import type { AccountKey } from '../store/users'

/**
 * Replaces the roles of an account. They reach its tokens at the next refresh, or, with `endSessions`, at the next login.
 * The caller has checked `roles` (problemOfRoles). Resolves to the account's id; null if there is none.
 */
export function setRoles(
  deps: ChangeDeps,
  actor: Actor,
  { account, roles, endSessions }: { account: AccountKey; roles: string[]; endSessions: boolean },
): Promise<string | null> {
  return commit(deps, actor, async (tx, now) => {
    const user = await lockGrants(tx, account)
    if (!user) return { result: null, event: null, invalidate: [] }
    await updateGrants(tx, user.id, { roles: [...new Set(roles)], now })
    const sessions = endSessions ? await revokeSessions(tx, { userId: user.id }, now) : 0
    return {
      result: user.id,
      event: { type: 'roles_changed', userId: user.id, details: { roles: roles.join(' '), sessions } },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
}
