import type { FastifyInstance } from 'fastify'
import type { Catalogue } from '../../generated/locales'
import { negotiateLocale } from '../../i18n/negotiate'
import { fill, text } from '../../i18n/text'
import { type Brand, sendDocument } from './document'
import { type Html, html } from './html'

export interface FrontPageOptions extends Brand {
  appUrl: string | null
  hostedPages: boolean
  /** The links that only development has; null in production. */
  development: { sandbox: boolean; hasInbox: boolean; operatorApi: boolean } | null
}

interface Link {
  to: string
  name: string
  about?: string
}

/**
 * `/` for a browser: what this server is, and what can be opened. It names neither versions nor anything that is off, since everybody
 * can read it. Other clients get the usual 404, so that no health check takes it for a sign of health.
 */
export function frontPage(app: FastifyInstance, options: FrontPageOptions): void {
  app.get('/', (request, reply) => {
    if (!request.headers.accept?.includes('text/html')) {
      reply.callNotFound()
      return reply
    }
    const locale = negotiateLocale(request.headers['accept-language'])
    const { account, front } = text(locale).pages
    const { appName, appUrl, hostedPages, development } = options
    const forPeople: Link[] = [
      ...(hostedPages ? [{ to: '/account', name: account.title }] : []),
      ...(appUrl === null ? [] : [{ to: appUrl, name: fill(account.toApp, { appName }) }]),
    ]
    const main = html`<main>
      <h1>${appName}</h1>
      ${hostedPages ? html`<p>${fill(front.lead, { appName })}</p>` : ''} ${listOf(forPeople)}
      <h2>${front.developers}</h2>
      ${listOf(forPrograms(front))} ${development === null ? '' : developmentPart(development)}
    </main>`
    return sendDocument(reply, { locale, brand: options, assets: { styles: ['brand.css', 'page.css'] }, main })
  })
}

/** The names are those of the standards, in every language. */
function forPrograms(front: Catalogue['pages']['front']): readonly Link[] {
  return [
    { to: '/api/openapi.json', name: 'OpenAPI 3.1', about: front.openApi },
    { to: '/.well-known/openid-configuration', name: 'OpenID Discovery', about: front.discovery },
    { to: '/.well-known/jwks.json', name: 'JWKS', about: front.keys },
    { to: '/health/ready', name: 'Readiness', about: front.readiness },
  ]
}

function developmentPart({ sandbox, hasInbox, operatorApi }: NonNullable<FrontPageOptions['development']>): Html {
  const links: Link[] = [
    ...(sandbox
      ? [{ to: '/graphql', name: 'Apollo Sandbox', about: 'Every operation of the schema, to try out' }]
      : []),
    ...(sandbox && operatorApi
      ? [{ to: '/operator/graphql', name: 'Operators', about: 'The same for the API of operators' }]
      : []),
    ...(hasInbox
      ? [{ to: '/dev/inbox', name: 'The development inbox', about: 'Every mail that the server sends' }]
      : []),
    { to: '/metrics', name: 'Metrics', about: 'For Prometheus' },
  ]
  return html`<div lang="en" dir="ltr">
    <h2>Development tools</h2>
    <p>Production has none of these.</p>
    ${listOf(links)}
  </div>`
}

function listOf(links: readonly Link[]): Html {
  if (links.length === 0) return html``
  const items = links.map(
    ({ to, name, about }) =>
      html`<li>
        <a href="${to}">${name}</a>${about === undefined ? '' : html`<br /><span class="hint">${about}</span>`}
      </li>`,
  )
  return html`<ul class="list">
    ${items}
  </ul>`
}
