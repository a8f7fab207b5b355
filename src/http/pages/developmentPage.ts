import type { FastifyInstance } from 'fastify'
import { html } from './html'
import { sendPage } from './sendPage'

interface Shown {
  appName: string
  hostedPages: boolean
  sandbox: boolean
  hasInbox: boolean
  operatorApi: boolean
}

/** `/` in development: everything of this server that a browser can open. */
export function developmentPage(app: FastifyInstance, shown: Shown): void {
  const { appName, hostedPages, sandbox, hasInbox, operatorApi } = shown
  const links = [
    ...(hostedPages
      ? [['/account', 'The account page', 'what your users see: sign up, sign in, passkeys, devices']]
      : []),
    ...(sandbox ? [['/graphql', 'Apollo Sandbox', 'every operation of the schema, to try out']] : []),
    ...(sandbox && operatorApi ? [['/operator/graphql', 'Operators', 'the same for the API of operators']] : []),
    ...(hasInbox ? [['/dev/inbox', 'The development inbox', 'every mail that the server sends']] : []),
    ['/.well-known/jwks.json', 'The JWKS', 'the keys by which your services verify access tokens'],
    ['/health/ready', 'Readiness', 'whether requests may be sent here'],
    ['/metrics', 'Metrics', 'for Prometheus'],
  ]
  const items = links.map(
    ([path = '', name = '', about = '']) =>
      html`<li><a href="${path}">${name}</a><br /><span class="hint">${about}</span></li>`,
  )
  app.get('/', (_request, reply) =>
    sendPage(
      reply,
      html`<!doctype html>
        <html lang="en">
          <head>
            <meta charset="utf-8" />
            <meta name="viewport" content="width=device-width, initial-scale=1" />
            <meta name="color-scheme" content="light dark" />
            <title>${appName} in development</title>
            <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
            <link rel="stylesheet" href="/assets/brand.css" />
            <link rel="stylesheet" href="/assets/page.css" />
          </head>
          <body>
            <header><img src="/assets/icon.svg" alt="" width="32" height="32" /><bdi>${appName}</bdi></header>
            <main>
              <h1>This server runs in development</h1>
              <p>Production has neither this page nor the development inbox.</p>
              <ul>
                ${items}
              </ul>
            </main>
          </body>
        </html> `,
    ),
  )
}
