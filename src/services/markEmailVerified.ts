import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { verifyAddress } from './steps/verifyAddress'
import { AlreadyExistsError } from '../errors/userErrors'
import { isKeptFromOthers } from '../store/formerEmails'
import { activateRegistration, waitingRegistrations } from '../store/registrations'
import { type AccountKey, lockAccount } from '../store/users'

/**
 * Verifies the address of an account without its mailbox, on an operator's word. A single registration that waits is
 * activated; of several none is, as with a link: then the account has no password until its owner chooses one by a reset.
 * Changes nothing where the address is verified. Resolves to the account's id; null if there is none.
 * Throws an AlreadyExistsError while the address is kept for an account that had it.
 */
export function markEmailVerified(deps: ChangeDeps, actor: Actor, account: AccountKey): Promise<string | null> {
  return commit(deps, actor, async (tx, now) => {
    const user = await lockAccount(tx, account)
    if (!user || user.emailVerifiedAt) return { result: user?.id ?? null, event: null, invalidate: [] }
    if (await isKeptFromOthers(tx, { email: user.email, userId: user.id, now })) throw new AlreadyExistsError()
    const [only, ...others] = await waitingRegistrations(tx, user.id)
    if (only && others.length === 0 && !user.importedAt) await activateRegistration(tx, only.id, now)
    else await verifyAddress(tx, user, { locale: user.locale, now })
    return {
      result: user.id,
      event: { type: 'email_verified', userId: user.id },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
}
