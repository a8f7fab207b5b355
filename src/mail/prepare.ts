import type { Config } from '../config/config'
import type { Secrets } from '../crypto/secrets'
import { resolveLocale } from '../i18n/negotiate'
import type { Clock } from '../lib/clock'
import type { Database } from '../store/database'
import type { QueuedMail } from '../store/mails'
import { waitingRegistrations } from '../store/registrations'
import { findUser, findUserByEmail } from '../store/users'
import { mailedToken, newestToken } from './linkToken'
import type { MailName, MailPayload } from './mails'
import { withinQuota } from './quota'
import { type RenderedMail, renderMail } from './render'

/** Why a mail is not sent: too late; its account or claim is gone; the account is disabled; what it offers was done; a newer one stands for it; its address has had its mails of this kind for now. */
export type DropReason = 'expired' | 'gone' | 'disabled' | 'done' | 'superseded' | 'capped'

export type PreparedMail = RenderedMail & { token: string | null }
export interface DroppedMail {
  dropped: DropReason
}

export interface PrepareParts {
  database: Database
  clock: Clock
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
  if (user.emailVerifiedAt)
    return registration?.activatedAt ? { dropped: 'done' } : alreadyRegistered(parts, mail, user)

  const expiresIn = parts.config.verifyTokenTtl
  const link = { userId: user.id, purpose: 'VERIFY_EMAIL' as const, expiresIn }
  const wanted = { mail, ...link, ...(registration && { registrationId: registration.id }) }
  const token = await withinQuota(parts, { mail, kind: 'verifyEmail', link }, async (tx) => {
    return (await mailedToken(parts, tx, wanted)) ?? { dropped: 'done' as const }
  })
  if (typeof token !== 'string') return token
  const payload = { link: linkOf(parts, 'verifyEmail', token), expiresIn }
  const rendered = render(parts, 'verifyEmail', { payload, locale: registration?.locale ?? mail.locale })
  return { ...rendered, token }
}

/**
 * The link is that of the only registration that waits. Where several people may be meant, or an import made the account,
 * it is nobody's in particular: what following it does is decided then (services/verifyEmail.ts).
 */
async function repeatedVerification(parts: PrepareParts, mail: QueuedMail): Result {
  const db = parts.database.prisma
  const user = await findUserByEmail(db, mail.recipient)
  if (!user) return { dropped: 'gone' }
  const [newest = null, ...others] = await waitingRegistrations(db, user.id)
  const registration = others.length === 0 && !user.importedAt ? newest : null
  return verification(parts, mail, [user, registration])
}

/** An unverified account gets it too: following the link proves the address. */
async function passwordReset(parts: PrepareParts, mail: QueuedMail): Result {
  const user = await findUserByEmail(parts.database.prisma, mail.recipient)
  if (!user) return { dropped: 'gone' }
  if (user.disabledAt) return { dropped: 'disabled' }

  const expiresIn = parts.config.resetTokenTtl
  const link = { userId: user.id, purpose: 'RESET_PASSWORD' as const, expiresIn }
  const token = await withinQuota(parts, { mail, kind: 'resetPassword', link }, (tx) =>
    newestToken(parts, tx, { mail, ...link }),
  )
  if (typeof token !== 'string') return token
  // A bare account has no language of its own yet.
  const locale = user.emailVerifiedAt || user.importedAt ? user.locale : mail.locale
  const payload = { displayName: user.displayName, link: linkOf(parts, 'resetPassword', token), expiresIn }
  return { ...render(parts, 'resetPassword', { payload, locale }), token }
}

async function emailChange(parts: PrepareParts, mail: QueuedMail): Result {
  const user = mail.userId === null ? null : await findUser(parts.database.prisma, mail.userId)
  if (!user) return { dropped: 'gone' }
  if (user.disabledAt) return { dropped: 'disabled' }
  if (user.email === mail.recipient) return { dropped: 'done' }
  const holder = await findUserByEmail(parts.database.prisma, mail.recipient)
  if (holder?.disabledAt) return { dropped: 'disabled' }
  if (holder?.emailVerifiedAt) return alreadyRegistered(parts, mail, holder)

  const expiresIn = parts.config.verifyTokenTtl
  const link = { userId: user.id, purpose: 'CHANGE_EMAIL' as const, expiresIn }
  const token = await withinQuota(parts, { mail, kind: 'confirmEmailChange', link }, (tx) =>
    newestToken(parts, tx, { mail, ...link }),
  )
  if (typeof token !== 'string') return token
  const payload = { link: linkOf(parts, 'confirmEmailChange', token), expiresIn }
  return { ...render(parts, 'confirmEmailChange', { payload, locale: user.locale }), token }
}

function linkOf({ config }: PrepareParts, name: keyof Config['links'], token: string): string {
  return config.links[name].replaceAll('{token}', encodeURIComponent(token))
}

async function alreadyRegistered(parts: PrepareParts, mail: QueuedMail, user: User): Result {
  const capped = await withinQuota(parts, { mail, kind: 'alreadyRegistered', link: null }, () => Promise.resolve(null))
  if (capped) return capped
  const { displayName, locale } = user
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
