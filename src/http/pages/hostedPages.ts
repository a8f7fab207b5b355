import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import { negotiateLocale } from '../../i18n/negotiate'
import { fill, text } from '../../i18n/text'
import { readAsset, serveAsset } from './assets'
import { brandIcon, brandStyles } from './brand'
import { confirmEmailChangePage, rejectLoginPage, undoEmailChangePage, verifyEmailPage } from './confirmPage'
import { sendDocument } from './document'
import { type Html, html } from './html'
import { loginCodePage } from './loginCodePage'
import { resetPasswordPage } from './resetPasswordPage'
import type { PageContext } from './sections'

export type HostedPagesOptions = Omit<PageContext, 'texts'> & {
  logoUrl: string | null
  /** The accent, as `#1f4fd8`: dark enough for white text. */
  brandColor: string
}

const PAGES = {
  '/verify-email': verifyEmailPage,
  '/reset-password': resetPasswordPage,
  '/confirm-email-change': confirmEmailChangePage,
  '/undo-email-change': undoEmailChangePage,
  '/reject-login': rejectLoginPage,
  '/login-code': loginCodePage,
}

/** The page that a path leads to, also where a mail program put a slash behind it or encoded the `#`; null for none. */
export function hostedPageOf(path: string): string | null {
  const page = path.replace(/\/$|%23.*$/i, '')
  return Object.hasOwn(PAGES, page) ? page : null
}

/**
 * The pages that mailed links lead to, and their assets. A page is the same for every token. Tokens are in the URL's
 * fragment, so that neither the request nor the log nor a Referer contains them; a link that a scanner rewrote may have
 * its token in the query.
 */
export const hostedPages: FastifyPluginCallback<HostedPagesOptions> = (app, options, done) => {
  serveAsset(app, { url: '/assets/brand.css', type: 'text/css', body: brandStyles(options.brandColor) })
  serveAsset(app, { url: '/assets/icon.svg', type: 'image/svg+xml', body: brandIcon(options.brandColor) })
  serveAsset(app, { url: '/assets/page.css', type: 'text/css', body: readAsset('page.css') })
  serveAsset(app, { url: '/assets/page.js', type: 'text/javascript', body: readAsset('page.js') })

  for (const [path, sections] of Object.entries(PAGES)) {
    const handler = (request: FastifyRequest, reply: FastifyReply) => {
      const locale = negotiateLocale(request.headers['accept-language'])
      const context = { ...options, texts: text(locale).pages }
      const main = mainOf(path, context, sections(context))
      return sendDocument(reply, { locale, brand: options, assets: ASSETS, main })
    }
    for (const url of [path, `${path}/`, `${path}:fragment(^#.*$)`]) app.get(url, handler)
  }
  done()
}

const ASSETS = { styles: ['brand.css', 'page.css'], script: 'page.js' }

/** Holds the script's texts as data attributes, and the page's path, which the script shows instead of the link with its token. */
function mainOf(path: string, { appName, passwordPolicy, texts }: PageContext, sections: Html): Html {
  const { common } = texts
  const { minLength: min, maxLength: max } = passwordPolicy
  return html`<main
    data-path="${path}"
    data-working="${common.working}"
    data-offline="${common.offline}"
    data-failed="${common.failed}"
    data-email-missing="${common.emailMissing}"
    data-min-length="${min}"
    data-max-length="${max}"
    data-wrong-length="${fill(texts.resetPassword.wrongLength, { min, max })}"
    data-app-name="${appName}"
  >
    <noscript><p>${common.noScript}</p></noscript>
    ${sections}
  </main>`
}
