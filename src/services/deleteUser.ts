import { MAIL } from '../config/defaults'
import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { later } from '../lib/clock'
import { invalidateCodes } from '../store/challenges'
import { dropMailsTo, queueMail } from '../store/outbox'
import { type AccountKey, deleteUser as deleteRow, lockAccount } from '../store/users'

/**
 * Deletes an account with its sessions, links and queued mails, by an operator. Its owner is notified if the address was
 * verified: an unverified one may be a stranger's. Resolves to the account's id; null if there is none.
 */
export function deleteUser(deps: ChangeDeps, actor: Actor, account: AccountKey): Promise<string | null> {
  return commit(deps, actor, async (tx, now) => {
    const user = await lockAccount(tx, account)
    if (!user || !(await deleteRow(tx, user))) return { result: null, event: null, invalidate: [] }
    await dropMailsTo(tx, user.email)
    await invalidateCodes(tx, [user.email])
    const notice = { name: 'accountDeleted', recipient: user.email, locale: user.locale } as const
    if (user.emailVerifiedAt) await queueMail(tx, { ...notice, now, expiresAt: later(now, MAIL.noticeLife) })
    // The audit row of a deleted account has no user id (insertAuditEvent), but says that an operator deleted it.
    return {
      result: user.id,
      event: { type: 'account_deleted', userId: user.id },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
}
