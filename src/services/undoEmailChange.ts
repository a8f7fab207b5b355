import type { ClientInfo, Deps } from './deps'
import { commit } from './steps/commit'
import { resetLoginGuesses } from './steps/loginGuesses'
import { readToken } from './steps/readMailedToken'
import { MAIL } from '../config/defaults'
import { digest } from '../crypto/opaqueToken'
import { ExpiredTokenError, InvalidTokenError } from '../errors/userErrors'
import { later } from '../lib/clock'
import type { Transaction } from '../store/database'
import { deleteUnverifiedHolder, restoreEmail } from '../store/emailChanges'
import { type FormerEmail, findFormerEmail, takeFormerEmail } from '../store/formerEmails'
import { rejectDevicesSince } from '../store/knownDevices'
import { invalidateLinks } from '../store/oneTimeTokens'
import { queueMail } from '../store/outbox'
import { deleteSecondFactors } from '../store/secondFactorRemovals'
import { dropUselessCodes, forgetSecondFactorFailures } from '../store/secondFactors'
import { revokeSessions } from '../store/sessions'
import { lockUser } from '../store/users'

type Needs = Pick<Deps, 'clock' | 'config' | 'database' | 'secrets' | 'sessionCache'>

/**
 * Redeems the link that was mailed to the address an account had before a change: the account gets it back, and whoever held
 * the account since is out. That ends every session, link and later change, removes the password and the second factors added
 * since the day before, and mails a link to choose a new password; it logs nobody in. Throws ExpiredTokenError, or InvalidTokenError.
 */
export async function undoEmailChange(
  deps: Needs,
  client: ClientInfo,
  input: { token: string },
): Promise<{ email: string }> {
  const former = await readUndoToken(deps, input.token)
  const { email, userId } = former

  await commit(deps, client, async (tx, now) => {
    const locked = await lockUser(tx, userId)
    if (!locked || !(await takeFormerEmail(tx, former, now))) throw new InvalidTokenError()
    // Only an earlier release lets another account have it.
    if (!(await deleteUnverifiedHolder(tx, email))) throw new InvalidTokenError()
    if (!(await restoreEmail(tx, userId, { email, now }))) throw new InvalidTokenError()
    await resetLoginGuesses(deps, tx, email)
    await invalidateLinks(tx, { userId, addresses: [locked.email, email] })
    const factors = await removeFactorsSince(tx, former)
    await rejectDevicesSince(tx, userId, later(former.changedAt, -MAIL.undoReach))
    const sessions = await revokeSessions(tx, { userId }, now)
    await queueMails(deps, tx, { former, undoneEmail: locked.email, now })
    return {
      result: undefined,
      event: { type: 'email_change_undone', userId, details: { factors, sessions } },
      invalidate: [{ kind: 'user', id: userId }],
    }
  })
  return { email }
}

async function readUndoToken({ database, clock }: Needs, text: string): Promise<FormerEmail> {
  const found = await findFormerEmail(database.prisma, digest(readToken(text)))
  if (!found || found.user.disabledAt) throw new InvalidTokenError()
  if (found.expiresAt <= clock.now()) throw new ExpiredTokenError()
  return found
}

/**
 * Their notices went to the address that is now undone: its owner never heard of them. Those of the day before the change go too:
 * whoever takes an account over adds a factor first, and its notice was hardly read by then.
 */
async function removeFactorsSince(tx: Transaction, { userId, changedAt }: FormerEmail): Promise<number> {
  const factors = await deleteSecondFactors(tx, userId, { since: later(changedAt, -MAIL.undoReach) })
  await dropUselessCodes(tx, userId)
  await forgetSecondFactorFailures(tx, userId)
  return factors
}

/** Queued last: a new password, and links that end, delete queued mails. */
async function queueMails(
  { config }: Needs,
  tx: Transaction,
  { former, undoneEmail, now }: { former: FormerEmail; undoneEmail: string; now: Date },
): Promise<void> {
  const { email, user } = former
  const mail = { locale: user.locale, now }
  for (const recipient of [email, undoneEmail]) {
    const expiresAt = later(now, MAIL.noticeLife)
    await queueMail(tx, { ...mail, name: 'emailChangeUndone', recipient, userId: user.id, expiresAt })
  }
  await queueMail(tx, {
    ...mail,
    name: 'resetPassword',
    recipient: email,
    expiresAt: later(now, config.resetTokenTtl),
  })
}
