import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { queueDeletionNotices } from './steps/deletionNotices'
import { invalidateCodes } from '../store/challenges'
import { formerEmailsOf } from '../store/formerEmails'
import { dropMailsTo } from '../store/outbox'
import { type AccountKey, deleteUser as deleteRow, lockAccount } from '../store/users'

/**
 * Deletes an account with its sessions, links and queued mails, by an operator. Its owner is notified if the address was
 * verified: an unverified one may be a stranger's. Resolves to the account's id; null if there is none.
 */
export function deleteUser(deps: ChangeDeps, actor: Actor, account: AccountKey): Promise<string | null> {
  return commit(deps, actor, async (tx, now) => {
    const user = await lockAccount(tx, account)
    const formerEmails = user ? await formerEmailsOf(tx, user.id, now) : []
    if (!user || !(await deleteRow(tx, user))) return { result: null, event: null, invalidate: [] }
    await dropMailsTo(tx, user.email)
    await invalidateCodes(tx, [user.email])
    if (user.emailVerifiedAt) await queueDeletionNotices(tx, { ...user, formerEmails }, now)
    // The audit row of a deleted account has no user id (insertAuditEvent), but says that an operator deleted it.
    return {
      result: user.id,
      event: { type: 'account_deleted', userId: user.id },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
}
