import type { Actor } from './deps'
import { OPERATOR_ROLES } from './operatorCaller'
import { type ChangeDeps, commit } from './steps/commit'
import { lockGrants, updateGrants } from '../store/grants'
import type { AccountKey } from '../store/users'

/**
 * Gives an account the role of an operator, or takes it away, and leaves its other roles. Counts at once. Resolves to the
 * account's id; null if there is none.
 */
export function setOperator(
  deps: ChangeDeps,
  actor: Actor,
  { account, isOperator }: { account: AccountKey; isOperator: boolean },
): Promise<string | null> {
  return commit(deps, actor, async (tx, now) => {
    const user = await lockGrants(tx, account)
    if (!user) return { result: null, event: null, invalidate: [] }
    const others = user.roles.filter((role) => role !== OPERATOR_ROLES.operator)
    const roles = isOperator ? [...others, OPERATOR_ROLES.operator] : others
    await updateGrants(tx, user.id, { roles, now })
    return {
      result: user.id,
      event: { type: 'roles_changed', userId: user.id, details: { roles: roles.join(' '), sessions: 0 } },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
}
