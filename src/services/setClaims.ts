import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import type { Grants } from '../lib/grants'
import { lockGrants, updateGrants } from '../store/grants'
import { revokeSessions } from '../store/sessions'
import type { AccountKey } from '../store/users'

/**
 * Replaces the claims of an account. They reach its tokens at the next refresh, or, with `endSessions`, at the next login.
 * The caller has checked `claims` (problemOfClaims). Resolves to the account's id; null if there is none.
 */
export function setClaims(
  deps: ChangeDeps,
  actor: Actor,
  { account, claims, endSessions }: { account: AccountKey; claims: Grants['claims']; endSessions: boolean },
): Promise<string | null> {
  return commit(deps, actor, async (tx, now) => {
    const user = await lockGrants(tx, account)
    if (!user) return { result: null, event: null, invalidate: [] }
    await updateGrants(tx, user.id, { claims, now })
    const sessions = endSessions ? await revokeSessions(tx, { userId: user.id }, now) : 0
    return {
      result: user.id,
      event: { type: 'claims_changed', userId: user.id, details: { names: Object.keys(claims).join(' '), sessions } },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
}
