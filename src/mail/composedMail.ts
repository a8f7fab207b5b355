import type { Config } from '../config/config'
import type { Secrets } from '../crypto/secrets'
import { resolveLocale } from '../i18n/negotiate'
import type { Clock } from '../lib/clock'
import type { Database } from '../store/database'
import { type MailContent, SHIPPED } from './mailContent'
import type { MailName, MailPayload } from './templates'
import { type Brand, MissingValueError, type RenderedMail, renderMail } from './renderMail'

/**
 * Why a mail is not sent. `noRecipient`: its account or registration does not exist. `alreadyDone`: its link was used, or
 * what the link would do has happened. `superseded`: a newer mail replaces it. `capped`: the quota of
 * its address is spent.
 */
export type SkipReason = 'expired' | 'noRecipient' | 'disabled' | 'alreadyDone' | 'superseded' | 'capped'

export type ComposedMail = RenderedMail & {
  token: string | null
  code: string | null
  /** A placeholder of the changed template without a value: the mail is rendered from what the release brings instead. */
  missing?: string
}
export interface SkippedMail {
  skipped: SkipReason
}

export interface ComposeParts {
  database: Database
  clock: Clock
  secrets: Secrets
  content: MailContent
  config: Pick<
    Config,
    | 'publicUrl'
    | 'links'
    | 'redirectUrls'
    | 'verifyTokenTtl'
    | 'resetTokenTtl'
    | 'loginCodeTtl'
    | 'loginCodeUrl'
    | 'loginCodeInSubject'
    | 'signUpByCode'
    | 'appName'
    | 'brandColor'
    | 'appUrl'
    | 'hostedPages'
    | 'supportUrl'
    | 'brandLogoUrl'
  >
}

/** What a page of REDIRECT_URLS is asked to do. */
const ACTIONS = {
  verifyEmail: 'verify-email',
  resetPassword: 'reset-password',
  confirmEmailChange: 'confirm-email-change',
  loginCode: 'login-code',
} as const

/** A link of the configuration with its token. */
export function linkOf({ config }: ComposeParts, name: keyof Config['links'], token: string): string {
  return config.links[name].replaceAll('{token}', encodeURIComponent(token))
}

/** The link that the client asked for, with its token or code; null if it asked for none, or for one that is no longer allowed. */
export function redirectOf(
  { config }: ComposeParts,
  { redirect }: { redirect: string | null },
  { name, secret }: { name: keyof typeof ACTIONS; secret: string },
): string | null {
  if (redirect === null || !config.redirectUrls.includes(redirect)) return null
  // In the fragment, which browsers send to no server.
  return `${redirect}#action=${ACTIONS[name]}&${name === 'loginCode' ? 'code' : 'token'}=${encodeURIComponent(secret)}`
}

/** What mails show of the configuration. */
export function brandOf(config: ComposeParts['config']): Brand {
  const { appName, brandColor, appUrl, supportUrl, brandLogoUrl: logoUrl, hostedPages, publicUrl } = config
  const accountUrl = hostedPages ? `${publicUrl}/account` : appUrl
  return { appName, brandColor, appUrl, accountUrl, supportUrl, logoUrl }
}

/** Renders a mail with the brand of the configuration. A changed template that cannot be filled keeps no mail from being sent. */
export function render<Name extends MailName>(
  { config, content }: Pick<ComposeParts, 'config' | 'content'>,
  name: Name,
  { payload, locale }: { payload: MailPayload<Name>; locale: string },
): ComposedMail {
  const mail = { name, payload, locale: resolveLocale(locale), brand: brandOf(config) }
  const neither = { token: null, code: null }
  try {
    return { ...renderMail({ ...mail, content }), ...neither }
  } catch (error) {
    if (!(error instanceof MissingValueError) || content === SHIPPED) throw error
    return { ...renderMail({ ...mail, content: SHIPPED }), ...neither, missing: error.placeholder }
  }
}
