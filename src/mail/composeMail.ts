import { MAIL } from '../config/defaults'
import { mailedCode, mailedCodeDigest } from '../crypto/mailedCode'
import { deviceOf, setCodeDigest } from '../store/challenges'
import type { Transaction } from '../store/database'
import { findKept } from '../store/formerEmails'
import { LINK_MAILS, type QueuedMail } from '../store/outbox'
import { waitingRegistrations } from '../store/registrations'
import { NO_PASSWORD, findUser, findUserByEmail } from '../store/users'
import { createLinkToken, replaceLinkToken } from './linkToken'
import { type ComposeParts, type ComposedMail, type SkippedMail, linkOf, redirectOf, render } from './composedMail'
import { changeMail } from './changeMail'
import { consumeMailQuota } from './consumeMailQuota'
import { newDeviceMail } from './newDeviceMail'
import { undoMail } from './undoMail'

/** Mails whose link or code proves the address: none is sent while it is kept for an account that had it, which hears of it instead. */
const PROOFS: readonly string[] = [...LINK_MAILS, 'loginCode']

type User = NonNullable<QueuedMail['user']>
type Registration = NonNullable<QueuedMail['registration']>
type Result = Promise<ComposedMail | SkippedMail>

/**
 * Renders a queued mail, or returns why it is not sent. Decided here and not when the mail is queued, so that a
 * request costs the same for a known and an unknown address.
 */
export async function composeMail(parts: ComposeParts, mail: QueuedMail): Result {
  if (PROOFS.includes(mail.name)) {
    const kept = await findKept(parts.database.prisma, mail.recipient, parts.clock.now())
    if (kept && kept.userId !== mail.userId) return undoMail(parts, { mail, former: kept, isRepeated: true })
  }
  return compose(parts, mail)
}

async function compose(parts: ComposeParts, mail: QueuedMail): Result {
  switch (mail.name) {
    case 'verifyEmail':
      return mail.user && mail.registration
        ? verification(parts, mail, [mail.user, mail.registration])
        : { skipped: 'noRecipient' }
    case 'resendVerification':
      return resentVerification(parts, mail)
    case 'resetPassword':
    case 'invitation':
      return passwordReset(parts, mail, mail.name)
    case 'loginCode':
      return loginCode(parts, mail)
    case 'confirmEmailChange':
      return emailChange(parts, mail)
    case 'undoEmailChange':
      return changedAway(parts, mail)
    case 'newDeviceLogin':
      return newDeviceMail(parts, mail)
    case 'passwordChanged':
    case 'sessionEnded':
    case 'emailChanged':
      return changeMail(parts, mail, mail.name)
    case 'emailChangeRequested':
    case 'emailChangeUndone':
    case 'secondFactorAdded':
    case 'secondFactorRemoved':
    case 'secondFactorRemovalPlanned':
    case 'passkeyAdded':
    case 'passkeyRemoved':
    case 'passkeyCloned':
    case 'webhookEndpointDisabled':
    case 'recoveryCodeUsed':
    case 'recoveryCodesLow':
    case 'recoveryCodesRenewed':
    case 'accountDeleted': {
      const payload = { displayName: mail.user?.displayName ?? null, at: mail.createdAt }
      return render(parts, mail.name, { payload, locale: mail.user?.locale ?? mail.locale })
    }
    case 'secondFactorGuessed': {
      const resetLink = `${parts.config.publicUrl}/reset-password`
      const payload = { displayName: mail.user?.displayName ?? null, at: mail.createdAt, resetLink }
      return render(parts, mail.name, { payload, locale: mail.user?.locale ?? mail.locale })
    }
    default:
      throw new Error(`No mail is named ${mail.name}`)
  }
}

async function verification(
  parts: ComposeParts,
  mail: QueuedMail,
  [user, registration]: [User, Registration | null],
): Result {
  if (user.disabledAt) return { skipped: 'disabled' }
  if (user.emailVerifiedAt)
    return registration?.activatedAt ? { skipped: 'alreadyDone' } : alreadyRegistered(parts, mail, user)

  const code = codeOf(parts, mail)
  const expiresIn = parts.config.verifyTokenTtl
  const link = { userId: user.id, purpose: 'VERIFY_EMAIL' as const, expiresIn }
  const wanted = { mail, ...link, ...(registration && { registrationId: registration.id }) }
  const token = await consumeMailQuota(parts, { mail, kind: 'verifyEmail', link }, async (tx) => {
    if (code !== null) await storeCode(parts, tx, { mail, code })
    return (await createLinkToken(parts, tx, wanted)) ?? { skipped: 'alreadyDone' as const }
  })
  if (typeof token !== 'string') return token
  const ofCode = code === null ? {} : { code, codeExpiresIn: parts.config.loginCodeTtl }
  const payload = { link: wantedLink(parts, mail, { name: 'verifyEmail', token }), expiresIn, ...ofCode }
  const rendered = render(parts, 'verifyEmail', { payload, locale: registration?.locale ?? mail.locale })
  return { ...rendered, token, code }
}

/**
 * The link activates the only pending registration. With several of them, or an imported account, it names none: then
 * services/verifyEmail.ts decides what it does when it is used.
 */
async function resentVerification(parts: ComposeParts, mail: QueuedMail): Result {
  const db = parts.database.prisma
  const user = await findUserByEmail(db, mail.recipient)
  if (!user) return { skipped: 'noRecipient' }
  const [newest = null, ...others] = await waitingRegistrations(db, user.id)
  const registration = others.length === 0 && !user.importedAt ? newest : null
  return verification(parts, mail, [user, registration])
}

/** Unverified accounts get it too: the code proves the address. An unknown address only if it may sign up by a code. */
async function loginCode(parts: ComposeParts, mail: QueuedMail): Result {
  const { config, database } = parts
  const user = await findUserByEmail(database.prisma, mail.recipient)
  if (!user && !config.signUpByCode) return { skipped: 'noRecipient' }
  if (user?.disabledAt) return { skipped: 'disabled' }
  const code = codeOf(parts, mail)
  if (code === null) return { skipped: 'expired' }
  const capped = await consumeMailQuota(parts, { mail, kind: 'loginCode', link: null }, (tx) =>
    storeCode(parts, tx, { mail, code }),
  )
  if (capped) return capped

  const ownLink = config.loginCodeUrl.replaceAll('{code}', code)
  const link = redirectOf(parts, mail, { name: 'loginCode', secret: code }) ?? ownLink
  const displayName = user?.displayName ?? null
  const { loginCodeTtl: expiresIn, loginCodeInSubject: inSubject } = config
  const asked = { at: mail.createdAt, device: deviceOf(mail.challenge) }
  const payload = { displayName, link, code, expiresIn, inSubject, ...asked }
  const locale = user && (user.emailVerifiedAt || user.importedAt) ? user.locale : mail.locale
  return { ...render(parts, 'loginCode', { payload, locale }), code }
}

/** The code of the mail's challenge; null if it has none, or one that has been used, invalidated or has expired. */
function codeOf({ secrets, clock }: ComposeParts, { challenge }: QueuedMail): string | null {
  if (!challenge || challenge.email === null || challenge.consumedAt || challenge.expiresAt <= clock.now()) return null
  return mailedCode(secrets, challenge.id)
}

/** In the transaction of the quota: a code counts only if it is mailed, so the quota also bounds how many can be guessed at. */
async function storeCode(
  { secrets }: ComposeParts,
  tx: Transaction,
  { mail: { challengeId }, code }: { mail: QueuedMail; code: string },
): Promise<null> {
  if (challengeId !== null) await setCodeDigest(tx, challengeId, mailedCodeDigest(secrets, challengeId, code))
  return null
}

/** Unverified accounts get it too: the link proves the address. An invitation is a link of the same kind that lives longer. */
async function passwordReset(parts: ComposeParts, mail: QueuedMail, name: 'resetPassword' | 'invitation'): Result {
  const user = await findUserByEmail(parts.database.prisma, mail.recipient)
  if (!user) return { skipped: 'noRecipient' }
  if (user.disabledAt) return { skipped: 'disabled' }
  if (name === 'invitation' && user.passwordHash !== NO_PASSWORD) return { skipped: 'alreadyDone' }

  const expiresIn = name === 'invitation' ? MAIL.invitationLife : parts.config.resetTokenTtl
  const link = { userId: user.id, purpose: 'RESET_PASSWORD' as const, expiresIn }
  const token = await consumeMailQuota(parts, { mail, kind: name, link }, (tx) =>
    replaceLinkToken(parts, tx, { mail, ...link }),
  )
  if (typeof token !== 'string') return token
  // An account that is neither verified nor imported has no locale of its own yet.
  const locale = user.emailVerifiedAt || user.importedAt ? user.locale : mail.locale
  const payload = {
    displayName: user.displayName,
    link: wantedLink(parts, mail, { name: 'resetPassword', token }),
    expiresIn,
  }
  return { ...render(parts, name, { payload, locale }), token }
}

async function emailChange(parts: ComposeParts, mail: QueuedMail): Result {
  const user = mail.userId === null ? null : await findUser(parts.database.prisma, mail.userId)
  if (!user) return { skipped: 'noRecipient' }
  if (user.disabledAt) return { skipped: 'disabled' }
  if (user.email === mail.recipient) return { skipped: 'alreadyDone' }
  const holder = await findUserByEmail(parts.database.prisma, mail.recipient)
  if (holder?.disabledAt) return { skipped: 'disabled' }
  if (holder?.emailVerifiedAt) return alreadyRegistered(parts, mail, holder)

  const expiresIn = parts.config.verifyTokenTtl
  const link = { userId: user.id, purpose: 'CHANGE_EMAIL' as const, expiresIn }
  const token = await consumeMailQuota(parts, { mail, kind: 'confirmEmailChange', link }, (tx) =>
    replaceLinkToken(parts, tx, { mail, ...link }),
  )
  if (typeof token !== 'string') return token
  const payload = { link: wantedLink(parts, mail, { name: 'confirmEmailChange', token }), expiresIn }
  return { ...render(parts, 'confirmEmailChange', { payload, locale: user.locale }), token }
}

/** Skipped where the account has its address back already. */
async function changedAway(parts: ComposeParts, mail: QueuedMail): Result {
  const former = await findKept(parts.database.prisma, mail.recipient, parts.clock.now())
  if (!former || former.userId !== mail.userId) return { skipped: 'alreadyDone' }
  return undoMail(parts, { mail, former, isRepeated: false })
}

/** Where the client that asked for the mail wants it, or else the page of the configuration. */
function wantedLink(
  parts: ComposeParts,
  mail: QueuedMail,
  { name, token }: { name: 'verifyEmail' | 'resetPassword' | 'confirmEmailChange'; token: string },
): string {
  return redirectOf(parts, mail, { name, secret: token }) ?? linkOf(parts, name, token)
}

async function alreadyRegistered(parts: ComposeParts, mail: QueuedMail, user: User): Result {
  const capped = await consumeMailQuota(parts, { mail, kind: 'alreadyRegistered', link: null }, () =>
    Promise.resolve(null),
  )
  if (capped) return capped
  const { displayName, locale } = user
  const resetLink = `${parts.config.publicUrl}/reset-password`
  return render(parts, 'alreadyRegistered', { payload: { displayName, resetLink }, locale })
}
