import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { ACCOUNT_SCRIPT } from '../../generated/accountScript'
import { LOCALES } from '../../generated/locales'
import type { Locale } from '../../i18n/locale'
import { negotiateLocale } from '../../i18n/negotiate'
import { fill, text } from '../../i18n/text'
import { readAsset, serveAsset } from './assets'
import { type Brand, sendDocument } from './document'
import { html } from './html'

export interface AccountPageOptions extends Brand {
  /** Where the app is; null where the configuration names none. */
  appUrl: string | null
  /** Where a person finds help; null: nowhere. */
  supportUrl: string | null
  /** Whether a code by mail is a way in. */
  loginCode: boolean
  /** The domain that passkeys are bound to. */
  rpId: string
  passwordPolicy: { minLength: number; maxLength: number }
}

const PATH = /^\/account(?:\/[a-z-]*)?$/

export const isAccountPath = (path: string) => PATH.test(path)

/**
 * `/account` and the views below it: one document and one script, which talks to this server's GraphQL as any client does,
 * with the refresh token in a cookie. The document holds no data of an account.
 */
export const accountPage: FastifyPluginCallback<AccountPageOptions> = (app, options, done) => {
  serveAsset(app, { url: '/assets/account.css', type: 'text/css', body: readAsset('account.css') })
  serveAsset(app, { url: '/assets/account.js', type: 'text/javascript', body: ACCOUNT_SCRIPT })
  const handler = (request: FastifyRequest, reply: FastifyReply) => {
    const locale = negotiateLocale(request.headers['accept-language'])
    const main = html`<main data-page="${JSON.stringify(dataOf(locale, options))}">
      <noscript><p>${text(locale).pages.common.noScript}</p></noscript>
    </main>`
    return sendDocument(reply, { locale, brand: options, assets: ASSETS, main })
  }
  for (const url of ['/account', '/account/', '/account/:view']) app.get(url, handler)
  done()
}

const ASSETS = { styles: ['brand.css', 'page.css', 'account.css'], script: 'account.js' }

/** What the script reads: its texts, and what this server offers. */
function dataOf(locale: Locale, { appName, appUrl, supportUrl, loginCode, rpId, passwordPolicy }: AccountPageOptions) {
  const { account, common, resetPassword } = text(locale).pages
  const { minLength: min, maxLength: max } = passwordPolicy
  const { email, working, offline, failed, sentTitle, support } = common
  const texts = {
    ...account,
    ...{ email, working, offline, failed, sentTitle, support, resetSent: resetPassword.sent },
    rule: fill(resetPassword.rule, { min, max }),
    toApp: fill(account.toApp, { appName }),
  }
  return { texts, appName, appUrl, supportUrl, loginCode, rpId, languages: languageNames() }
}

let languages: { tag: Locale; name: string }[] | undefined

/** Each language with its name in itself. Found at the first page: the start needs none. */
function languageNames() {
  return (languages ??= LOCALES.map((tag) => ({
    tag,
    name: new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag,
  })))
}
