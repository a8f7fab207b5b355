import type { ClientInfo, Deps } from './deps'
import { commit } from './steps/commit'
import { readMailedToken } from './steps/readMailedToken'
import { MAIL } from '../config/defaults'
import { InvalidTokenError } from '../errors/userErrors'
import { later } from '../lib/clock'
import { consumeOneTimeToken, invalidateLinks } from '../store/oneTimeTokens'
import { queueMail } from '../store/outbox'
import { changeEmail, deleteUnverifiedHolder, lockUser } from '../store/users'

/**
 * Redeems the link that was mailed to a new address, which then replaces the account's. Notifies both addresses and
 * invalidates all other links. The same link succeeds again until it expires. Throws ExpiredTokenError, or InvalidTokenError,
 * also if the address was taken or the change cancelled meanwhile.
 */
export async function confirmEmailChange(
  deps: Pick<Deps, 'clock' | 'database' | 'sessionCache'>,
  client: ClientInfo,
  input: { token: string },
): Promise<{ email: string }> {
  const { id, email, user } = await readMailedToken(deps, 'CHANGE_EMAIL', input.token)
  if (user.disabledAt) throw new InvalidTokenError()

  const confirmed = await commit(deps, client, async (tx, now) => {
    const locked = await lockUser(tx, user.id)
    if (!locked || !(await consumeOneTimeToken(tx, id, now))) return { result: false, event: null, invalidate: [] }
    if (!(await deleteUnverifiedHolder(tx, email))) throw new InvalidTokenError()
    if (!(await changeEmail(tx, user.id, { email, now }))) throw new InvalidTokenError()
    await invalidateLinks(tx, { userId: user.id, addresses: [locked.email, email] })
    for (const recipient of [locked.email, email]) {
      const expiresAt = later(now, MAIL.noticeLife)
      await queueMail(tx, { name: 'emailChanged', recipient, userId: user.id, locale: user.locale, now, expiresAt })
    }
    return {
      result: true,
      event: { type: 'email_changed', userId: user.id },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
  if (!confirmed) await requireConfirmed(deps, input.token)
  return { email }
}

/** The link was redeemed before, or concurrently: this succeeds too as long as the account still has the address. */
async function requireConfirmed(deps: Pick<Deps, 'clock' | 'database'>, token: string): Promise<void> {
  const { email, usedAt, user } = await readMailedToken(deps, 'CHANGE_EMAIL', token)
  if (!usedAt || user.email !== email) throw new InvalidTokenError()
}
