import { v7 as uuidv7 } from 'uuid'
import type { ClientInfo, Deps } from './deps'
import { commit } from './steps/commit'
import { readMailedToken } from './steps/readMailedToken'
import { MAIL } from '../config/defaults'
import { digest, mailTokens } from '../crypto/opaqueToken'
import { InvalidTokenError } from '../errors/userErrors'
import { later } from '../lib/clock'
import type { Transaction } from '../store/database'
import { changeEmail, deleteUnverifiedHolder } from '../store/emailChanges'
import { keepFormerEmail } from '../store/formerEmails'
import { consumeOneTimeToken, invalidateLinks } from '../store/oneTimeTokens'
import { queueMail } from '../store/outbox'
import { lockUser } from '../store/users'

type Needs = Pick<Deps, 'clock' | 'database' | 'secrets' | 'sessionCache'>

/**
 * Redeems the link that was mailed to a new address, which then replaces the account's. Notifies both addresses, the former
 * one with a link that undoes the change, and invalidates all other links. The same link succeeds again until it expires. Throws ExpiredTokenError, or InvalidTokenError,
 * also if the address was taken or the change cancelled meanwhile.
 */
export async function confirmEmailChange(
  deps: Needs,
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
    const mail = { userId: user.id, locale: user.locale, now }
    await queueMail(tx, { ...mail, name: 'emailChanged', recipient: email, expiresAt: later(now, MAIL.noticeLife) })
    const former = { userId: user.id, email: locked.email, newEmail: email, now }
    const kept = (await keepForUndo(deps, tx, former))
      ? { name: 'undoEmailChange' as const, expiresAt: later(now, MAIL.undoLife) }
      : { name: 'emailChanged' as const, expiresAt: later(now, MAIL.noticeLife) }
    await queueMail(tx, { ...mail, ...kept, recipient: locked.email })
    return {
      result: true,
      event: { type: 'email_changed', userId: user.id },
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
  if (!confirmed) await requireConfirmed(deps, input.token)
  return { email }
}

/** Keeps the former address for the link that undoes the change. False if the account has returned to an address that it had. */
function keepForUndo(
  { secrets }: Needs,
  tx: Transaction,
  { userId, email, newEmail, now }: { userId: string; email: string; newEmail: string; now: Date },
): Promise<boolean> {
  const id = uuidv7()
  const [token] = mailTokens(secrets, 'UNDO_EMAIL_CHANGE', id)
  const row = { id, userId, email, tokenHash: digest(token), changedAt: now, expiresAt: later(now, MAIL.undoLife) }
  return keepFormerEmail(tx, row, { newEmail })
}

/** The link was redeemed before, or concurrently: this succeeds too as long as the account still has the address. */
async function requireConfirmed(deps: Pick<Deps, 'clock' | 'database'>, token: string): Promise<void> {
  const { email, usedAt, user } = await readMailedToken(deps, 'CHANGE_EMAIL', token)
  if (!usedAt || user.email !== email) throw new InvalidTokenError()
}
