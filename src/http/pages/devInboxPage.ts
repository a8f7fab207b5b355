import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import type { Inbox } from '../../dev/inbox/store'
import { readAsset, serveAsset } from './assets'
import { type MailView, inboxPage } from './devInboxView'
import { Html, html } from './html'
import { sendPage } from './sendPage'

/** Mails in the list: the newest ones. */
const LISTED = 50

/** A mail may style itself and show embedded pictures. It runs no script, loads nothing, and its links open in a tab of their own. */
const MAIL_POLICY = {
  'script-src': "'none'",
  'connect-src': "'none'",
  'style-src': "'unsafe-inline'",
  'img-src': 'data:',
  'frame-ancestors': "'self'",
  sandbox: 'allow-popups allow-popups-to-escape-sandbox',
}

interface MailRequest {
  Params: { id: string }
  Querystring: { view?: string }
}

/** The development inbox in a browser: pages that work without a script, and a script that updates them. */
export const devInboxPage: FastifyPluginCallback<{ inbox: Pick<Inbox, 'list' | 'find'> }> = (app, { inbox }, done) => {
  serveAsset(app, { url: '/dev/inbox/inbox.css', type: 'text/css', body: readAsset('inbox.css') })
  serveAsset(app, { url: '/dev/inbox/inbox.js', type: 'text/javascript', body: readAsset('inbox.js') })

  app.get('/dev/inbox', async (_request, reply) => {
    const mails = await inbox.list(undefined, LISTED)
    return sendPage(reply, inboxPage({ mails, selected: mails[0], view: 'html' }), { 'frame-src': "'self'" })
  })
  app.get('/dev/inbox/mails.json', async (_request, reply) => {
    const mails = await inbox.list(undefined, LISTED)
    void reply.header('cache-control', 'no-store')
    return mails.map(({ id, sentAt, to, subject }) => ({ id, sentAt, to, subject }))
  })
  mailRoutes(app, inbox)
  done()
}

function mailRoutes(app: FastifyInstance, inbox: Pick<Inbox, 'list' | 'find'>): void {
  app.get<MailRequest>('/dev/inbox/mails/:id', async (request, reply) => {
    const mails = await inbox.list(undefined, LISTED)
    const selected = (await inbox.find(request.params.id)) ?? undefined
    if (!selected) void reply.code(404)
    const page = inboxPage({ mails, selected, view: viewOf(request.query.view) })
    return sendPage(reply, page, { 'frame-src': "'self'" })
  })
  app.get<MailRequest>('/dev/inbox/mails/:id/html', async (request, reply) => {
    const mail = await inbox.find(request.params.id)
    if (!mail) return sendPage(reply.code(404), html`<p>There is no such mail any more.</p>`, MAIL_POLICY)
    return sendPage(reply, new Html(mail.html.replace(/<head[^>]*>/i, '$&<base target="_blank" />')), MAIL_POLICY)
  })
}

function viewOf(asked: string | undefined): MailView {
  return asked === 'text' || asked === 'source' ? asked : 'html'
}
