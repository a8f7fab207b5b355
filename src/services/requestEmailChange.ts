import type { ClientInfo, Deps, Viewer } from './deps'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { changedSinceCheck, requireCurrentPassword } from './steps/currentPassword'
import { requireRecentSecondFactor } from './steps/recentProof'
import { MAIL } from '../config/defaults'
import { later } from '../lib/clock'
import { setPendingEmail } from '../store/emailChanges'
import { queueMail } from '../store/outbox'
import { lockIfPasswordUnchanged } from '../store/users'

type Needs = Pick<
  Deps,
  'clock' | 'config' | 'database' | 'hasher' | 'limiter' | 'sessionCache' | 'secrets' | 'logger' | 'sampledLog'
>

/**
 * Mails a link to the new address, and a notice to the current one. Does the same whether or not the new address has an
 * account: that is looked up when the mail is sent, and again when its link is redeemed. Throws InvalidInputError,
 * StepUpRequiredError, InvalidCredentialsError, RateLimitedError or OverloadedError.
 */
export async function requestEmailChange(
  deps: Needs,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  input: { newEmail: string; password: string; redirect?: string | null },
): Promise<{ newEmail: string }> {
  const read = new InputReader()
  const newEmail = read.email('newEmail', input.newEmail)
  const password = read.password('password', input.password)
  const redirect = read.redirect('redirect', input.redirect, deps.config.redirectUrls)
  if (newEmail === viewer.account.email) read.refuse('newEmail', 'UNCHANGED')
  read.done()
  await requireRecentSecondFactor(deps, viewer)
  const user = await requireCurrentPassword(deps, { client, viewer }, password)

  await commit(deps, client, async (tx, now) => {
    if (!(await lockIfPasswordUnchanged(tx, user))) throw await changedSinceCheck(tx, user.id)
    const linkDies = later(now, deps.config.verifyTokenTtl)
    // Stored even if no mail will be sent: pendingEmail must not reveal whether the address has an account.
    await setPendingEmail(tx, user.id, { email: newEmail, expiresAt: linkDies })
    const mail = { userId: user.id, locale: user.locale, now }
    await queueMail(tx, { ...mail, name: 'confirmEmailChange', recipient: newEmail, redirect, expiresAt: linkDies })
    const newsDies = later(now, MAIL.noticeLife)
    await queueMail(tx, { ...mail, name: 'emailChangeRequested', recipient: user.email, expiresAt: newsDies })
    return { result: undefined, event: { type: 'email_change_requested', userId: user.id }, invalidate: [] }
  })
  return { newEmail }
}
