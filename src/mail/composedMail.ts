import type { Config } from '../config/config'
import type { Secrets } from '../crypto/secrets'
import { resolveLocale } from '../i18n/negotiate'
import type { Clock } from '../lib/clock'
import type { Database } from '../store/database'
import type { MailName, MailPayload } from './templates'
import { type RenderedMail, renderMail } from './renderMail'

/**
 * Why a mail is not sent. `noRecipient`: its account or registration does not exist. `alreadyDone`: its link was used, or
 * what the link would do has happened. `superseded`: a newer mail replaces it. `capped`: the quota of
 * its address is spent.
 */
export type SkipReason = 'expired' | 'noRecipient' | 'disabled' | 'alreadyDone' | 'superseded' | 'capped'

export type ComposedMail = RenderedMail & { token: string | null; code: string | null }
export interface SkippedMail {
  skipped: SkipReason
}

export interface ComposeParts {
  database: Database
  clock: Clock
  secrets: Secrets
  config: Pick<
    Config,
    | 'publicUrl'
    | 'links'
    | 'verifyTokenTtl'
    | 'resetTokenTtl'
    | 'loginCodeTtl'
    | 'loginCodeUrl'
    | 'loginCodeInSubject'
    | 'signUpByCode'
    | 'appName'
    | 'brandColor'
    | 'appUrl'
  >
}

/** A link of the configuration with its token. */
export function linkOf({ config }: ComposeParts, name: keyof Config['links'], token: string): string {
  return config.links[name].replaceAll('{token}', encodeURIComponent(token))
}

/** Renders a mail with the brand of the configuration. */
export function render<Name extends MailName>(
  { config }: ComposeParts,
  name: Name,
  { payload, locale }: { payload: MailPayload<Name>; locale: string },
): ComposedMail {
  const { appName, brandColor, appUrl } = config
  return {
    ...renderMail({ name, payload, locale: resolveLocale(locale), brand: { appName, brandColor, appUrl } }),
    token: null,
    code: null,
  }
}
