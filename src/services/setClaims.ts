import type { Actor, Deps } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { readClaims } from './steps/grantRules'
import { InputReader } from './steps/inputReader'
import { lockGrants, updateGrants } from '../store/grants'
import { revokeSessions } from '../store/sessions'
import type { AccountKey } from '../store/users'

/**
 * Replaces the claims of an account. They reach its tokens at the next refresh, or, with `endSessions`, at the next login.
 * Resolves to the account's id; null if there is none. Throws InvalidInputError.
 */
export async function setClaims(
  deps: ChangeDeps & Pick<Deps, 'schemas'>,
  actor: Actor,
  { account, endSessions, ...input }: { account: AccountKey; claims: unknown; endSessions: boolean },
): Promise<string | null> {
  const read = new InputReader()
  const claims = readClaims(read, input.claims, deps.schemas.claims)
  read.done()

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
