import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { ACCOUNT_SCRIPT } from '../../generated/accountScript'
import { LOCALES } from '../../generated/locales'
import { type Locale, direction } from '../../i18n/locale'
import { negotiateLocale } from '../../i18n/negotiate'
import { fill, text } from '../../i18n/text'
import { readAsset, serveAsset } from './assets'
import { type Html, html } from './html'
import { sendPage } from './sendPage'

export interface AccountPageOptions {
  appName: string
  /** Where the app is; null where the configuration names none. */
  appUrl: string | null
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
    void reply.header('content-language', locale)
    return sendPage(reply, page(locale, options))
  }
  for (const url of ['/account', '/account/', '/account/:view']) app.get(url, handler)
  done()
}

function page(locale: Locale, options: AccountPageOptions): Html {
  const { common } = text(locale).pages
  return html`<!doctype html>
    <html lang="${locale}" dir="${direction(locale)}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${options.appName}</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/brand.css" />
        <link rel="stylesheet" href="/assets/page.css" />
        <link rel="stylesheet" href="/assets/account.css" />
        <script src="/assets/account.js" defer></script>
      </head>
      <body>
        <header><img src="/assets/icon.svg" alt="" width="32" height="32" /><bdi>${options.appName}</bdi></header>
        <main data-page="${JSON.stringify(dataOf(locale, options))}">
          <noscript><p>${common.noScript}</p></noscript>
        </main>
      </body>
    </html> `
}

/** What the script reads: its texts, and what this server offers. */
function dataOf(locale: Locale, { appName, appUrl, loginCode, rpId, passwordPolicy }: AccountPageOptions) {
  const { account, common, resetPassword } = text(locale).pages
  const { minLength: min, maxLength: max } = passwordPolicy
  const { email, working, offline, failed, sentTitle } = common
  const texts = {
    ...account,
    ...{ email, working, offline, failed, sentTitle, resetSent: resetPassword.sent },
    rule: fill(resetPassword.rule, { min, max }),
    toApp: fill(account.toApp, { appName }),
  }
  return { texts, appName, appUrl, loginCode, rpId, languages: LANGUAGES }
}

/** Each language with its name in itself. */
const LANGUAGES = LOCALES.map((tag) => ({
  tag,
  name: new Intl.DisplayNames([tag], { type: 'language' }).of(tag) ?? tag,
}))
