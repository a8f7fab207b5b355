import type { Actor, Deps } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { later } from '../lib/clock'
import { queueMail } from '../store/outbox'
import { type AccountKey, lockAccount } from '../store/users'

/**
 * Mails the owner a link that sets a new password, as if they had asked for it; the quota of their address counts it too.
 * Resolves to the account's id; null if there is none.
 */
export function sendPasswordReset(
  deps: ChangeDeps & { config: Pick<Deps['config'], 'resetTokenTtl'> },
  actor: Actor,
  account: AccountKey,
): Promise<string | null> {
  return commit(deps, actor, async (tx, now) => {
    const user = await lockAccount(tx, account)
    if (!user) return { result: null, event: null, invalidate: [] }
    const expiresAt = later(now, deps.config.resetTokenTtl)
    await queueMail(tx, { name: 'resetPassword', recipient: user.email, locale: user.locale, now, expiresAt })
    return { result: user.id, event: { type: 'reset_sent', userId: user.id }, invalidate: [] }
  })
}
