import type { Config } from '../config/config'
import type { Secrets } from '../crypto/secrets'
import { resolveLocale } from '../i18n/negotiate'
import type { Database } from '../store/database'
import type { QueuedMail } from '../store/mails'
import { newestWaitingRegistration } from '../store/oneTimeTokens'
import { claimOfOwn, findUser, findUserByEmail } from '../store/users'
import { type TokenOfMail, mailedToken, newestToken } from './linkToken'
import type { MailName, MailPayload } from './mails'
import { type RenderedMail, renderMail } from './render'

/** Why a mail is not sent: too late; its account or claim is gone; the account is disabled; what it offers was done; a newer one stands for it. */
export type DropReason = 'expired' | 'gone' | 'disabled' | 'done' | 'superseded'

export type PreparedMail = RenderedMail & { token: string | null }
export interface DroppedMail {
  dropped: DropReason
}

export interface PrepareParts {
  database: Database
  secrets: Secrets
  config: Pick<Config, 'publicUrl' | 'links' | 'verifyTokenTtl' | 'resetTokenTtl' | 'appName' | 'brandColor' | 'appUrl'>
}

type User = NonNullable<QueuedMail['user']>
type Registration = NonNullable<QueuedMail['registration']>
type Result = Promise<PreparedMail | DroppedMail>

/**
 * Decides what a queued mail says, and to whom nothing is said. It is decided here rather than where the mail was asked
 * for, so that asking is the same work for a known address and an unknown one.
 */
export async function prepareMail(parts: PrepareParts, mail: QueuedMail): Result {
  switch (mail.name) {
    case 'verifyEmail':
      return mail.user && mail.registration
        ? verification(parts, mail, [mail.user, mail.registration])
        : { dropped: 'gone' }
    case 'resendVerification':
      return repeatedVerification(parts, mail)
    case 'resetPassword':
      return passwordReset(parts, mail)
    case 'confirmEmailChange':
      return emailChange(parts, mail)
    case 'passwordChanged':
    case 'sessionEnded':
    case 'emailChangeRequested':
    case 'emailChanged':
    case 'accountDeleted': {
      const payload = { displayName: mail.user?.displayName ?? null, at: mail.createdAt }
      return render(parts, mail.name, { payload, locale: mail.user?.locale ?? mail.locale })
    }
    default:
      throw new Error(`No mail is named ${mail.name}`)
  }
}

async function verification(
  parts: PrepareParts,
  mail: QueuedMail,
  [user, registration]: [User, Registration | null],
): Result {
  if (user.disabledAt) return { dropped: 'disabled' }
  if (user.emailVerifiedAt) return registration?.activatedAt ? { dropped: 'done' } : alreadyRegistered(parts, user)
  if (!registration) return { dropped: 'gone' }

  const expiresIn = parts.config.verifyTokenTtl
  const wanted: TokenOfMail = {
    mail,
    userId: user.id,
    purpose: 'VERIFY_EMAIL',
    registrationId: registration.id,
    expiresIn,
  }
  const token = await mailedToken(parts, parts.database.prisma, wanted)
  if (token === null) return { dropped: 'done' }
  const { displayName, locale } = registration
  return renderLink(parts, 'verifyEmail', { token, displayName, locale, expiresIn })
}

async function repeatedVerification(parts: PrepareParts, mail: QueuedMail): Result {
  const user = await findUserByEmail(parts.database.prisma, mail.recipient)
  if (!user) return { dropped: 'gone' }
  const db = parts.database.prisma
  const waiting = await newestWaitingRegistration(db, user.id)
  // An imported account never registered here: its own password and profile are the claim.
  const registration = waiting ?? (user.emailVerifiedAt ? null : await claimOfOwn(db, user, mail.createdAt))
  return verification(parts, mail, [user, registration])
}

/** An unverified account gets it too: following the link proves the address. */
async function passwordReset(parts: PrepareParts, mail: QueuedMail): Result {
  const user = await findUserByEmail(parts.database.prisma, mail.recipient)
  if (!user) return { dropped: 'gone' }
  if (user.disabledAt) return { dropped: 'disabled' }
  // A changed password voids the links that were asked for before: one that is still to be sent is no exception.
  if (user.passwordChangedAt > mail.createdAt) return { dropped: 'superseded' }

  const expiresIn = parts.config.resetTokenTtl
  const token = await newestToken(parts, { mail, userId: user.id, purpose: 'RESET_PASSWORD', expiresIn })
  if (typeof token !== 'string') return token
  return renderLink(parts, 'resetPassword', { token, displayName: user.displayName, locale: user.locale, expiresIn })
}

async function emailChange(parts: PrepareParts, mail: QueuedMail): Result {
  const user = mail.userId === null ? null : await findUser(parts.database.prisma, mail.userId)
  if (!user) return { dropped: 'gone' }
  if (user.disabledAt) return { dropped: 'disabled' }
  if (user.passwordChangedAt > mail.createdAt) return { dropped: 'superseded' }
  if (user.email === mail.recipient) return { dropped: 'done' }
  const holder = await findUserByEmail(parts.database.prisma, mail.recipient)
  if (holder?.disabledAt) return { dropped: 'disabled' }
  if (holder?.emailVerifiedAt) return alreadyRegistered(parts, holder)

  const expiresIn = parts.config.verifyTokenTtl
  const token = await newestToken(parts, { mail, userId: user.id, purpose: 'CHANGE_EMAIL', expiresIn })
  if (typeof token !== 'string') return token
  return renderLink(parts, 'confirmEmailChange', {
    token,
    displayName: user.displayName,
    locale: user.locale,
    expiresIn,
  })
}

interface LinkOptions {
  token: string
  displayName: string | null
  locale: string
  expiresIn: number
}

function renderLink(parts: PrepareParts, name: keyof Config['links'], options: LinkOptions): PreparedMail {
  const { token, displayName, locale, expiresIn } = options
  const link = parts.config.links[name].replaceAll('{token}', encodeURIComponent(token))
  return { ...render(parts, name, { payload: { displayName, link, expiresIn }, locale }), token }
}

function alreadyRegistered(parts: PrepareParts, { displayName, locale }: User): PreparedMail {
  const resetLink = `${parts.config.publicUrl}/reset-password`
  return render(parts, 'alreadyRegistered', { payload: { displayName, resetLink }, locale })
}

function render<Name extends MailName>(
  { config }: PrepareParts,
  name: Name,
  { payload, locale }: { payload: MailPayload<Name>; locale: string },
): PreparedMail {
  const { appName, brandColor, appUrl } = config
  return {
    ...renderMail({ name, payload, locale: resolveLocale(locale), brand: { appName, brandColor, appUrl } }),
    token: null,
  }
}
