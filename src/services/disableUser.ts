import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { OPERATOR } from '../config/operatorDefaults'
import { codePoints } from '../passwords/passwordText'
import { lockGrants } from '../store/grants'
import { setDisabled } from '../store/operatedUsers'
import { invalidateLinks } from '../store/oneTimeTokens'
import { revokeSessions } from '../store/sessions'
import type { AccountKey } from '../store/users'

/**
 * Disables an account: its sessions end, its links and codes are invalid, and no login succeeds until it is enabled. The
 * reason is for operators. Resolves to the account's id; null if there is none. Throws InvalidInputError.
 */
export async function disableUser(
  deps: ChangeDeps,
  actor: Actor,
  { account, reason }: { account: AccountKey; reason: string | null },
): Promise<string | null> {
  const read = new InputReader()
  if (reason?.trim() === '') read.refuse('reason', 'REQUIRED')
  else if (codePoints(reason ?? '') > OPERATOR.maxReason) read.refuse('reason', 'TOO_LONG', OPERATOR.maxReason)
  read.done()

  return commit(deps, actor, async (tx, now) => {
    const user = await lockGrants(tx, account)
    if (!user) return { result: null, event: null, invalidate: [] }
    await setDisabled(tx, user.id, { disabledAt: now, reason, now })
    await invalidateLinks(tx, { userId: user.id, addresses: [user.email] })
    const sessions = await revokeSessions(tx, { userId: user.id }, now)
    return {
      result: user.id,
      event: { type: 'user_disabled', userId: user.id, details: { sessions } },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
}
