import type { FastifyReply } from 'fastify'
import { type Locale, direction } from '../../i18n/locale'
import { type Html, html } from './html'
import { imageSource, sendPage } from './sendPage'

/** Whose pages these are. */
export interface Brand {
  appName: string
  /** The picture that stands for the app; null: the server's own icon beside the name. */
  logoUrl: string | null
}

interface DocumentParts {
  locale: Locale
  brand: Brand
  /** File names below /assets. */
  assets: { styles: readonly string[]; script?: string }
  main: Html
}

/** Sends a hosted page: its head, the app's logo, and what stands below it. Beside this server's own it may load that logo. */
export function sendDocument(reply: FastifyReply, { locale, brand, assets, main }: DocumentParts): FastifyReply {
  const styles = assets.styles.map((name) => html`<link rel="stylesheet" href="/assets/${name}" />`)
  const script = assets.script === undefined ? '' : html`<script src="/assets/${assets.script}" defer></script>`
  const document = html`<!doctype html>
    <html lang="${locale}" dir="${direction(locale)}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${brand.appName}</title>
        ${favicon(brand)} ${styles} ${script}
      </head>
      <body>
        <header>${logo(brand)}</header>
        ${main}
      </body>
    </html> `
  const images = brand.logoUrl === null ? {} : { 'img-src': `'self' ${imageSource(brand.logoUrl)}` }
  return sendPage(reply.header('content-language', locale), document, images)
}

const favicon = ({ logoUrl }: Brand) =>
  logoUrl === null
    ? html`<link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />`
    : html`<link rel="icon" href="${logoUrl}" />`

const logo = ({ appName, logoUrl }: Brand) =>
  logoUrl === null
    ? html`<img src="/assets/icon.svg" alt="" width="32" height="32" /><bdi>${appName}</bdi>`
    : html`<img class="logo" src="${logoUrl}" alt="${appName}" />`
