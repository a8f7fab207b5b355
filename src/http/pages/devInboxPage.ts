import type { FastifyInstance, FastifyPluginCallback } from 'fastify'
import type { Inbox } from '../../dev/inbox/store'
import { readAsset, serveAsset } from './assets'
import { type Shown, inboxPage } from './devInboxView'
import { Html, html } from './html'
import { imageSource, sendPage } from './sendPage'

/** Mails in the list: the newest ones. */
const LISTED = 50

/** The form of the search may be sent: a search is no secret. */
const PAGE_POLICY = { 'frame-src': "'self'", 'form-action': "'self'" }

/** A mail may style itself and show the logo and embedded pictures. It runs no script, loads nothing else, and its links open in a tab of their own. */
const MAIL_POLICY = {
  'script-src': "'none'",
  'connect-src': "'none'",
  'style-src': "'unsafe-inline'",
  'frame-ancestors': "'self'",
  sandbox: 'allow-popups allow-popups-to-escape-sandbox',
}

interface ListRequest {
  Querystring: { search?: string; view?: string; width?: string }
}
type MailRequest = ListRequest & { Params: { id: string } }

interface DevInboxOptions {
  inbox: Pick<Inbox, 'list' | 'find' | 'clear'>
  logoUrl: string | null
}

/** The development inbox in a browser: pages that work without a script, and a script that updates them. */
export const devInboxPage: FastifyPluginCallback<DevInboxOptions> = (app, { inbox, logoUrl }, done) => {
  serveAsset(app, { url: '/dev/inbox/inbox.css', type: 'text/css', body: readAsset('inbox.css') })
  serveAsset(app, { url: '/dev/inbox/inbox.js', type: 'text/javascript', body: readAsset('inbox.js') })

  const listed = (search = '') => inbox.list({ search, limit: LISTED })
  app.get<ListRequest>('/dev/inbox', async ({ query }, reply) => {
    const mails = await listed(query.search)
    return sendPage(reply, inboxPage({ mails, selected: mails[0], ...shownBy(query) }), PAGE_POLICY)
  })
  app.get<ListRequest>('/dev/inbox/mails.json', async ({ query }, reply) => {
    const mails = await listed(query.search)
    void reply.header('cache-control', 'no-store')
    return mails.map(({ id, sentAt, to, subject }) => ({ id, sentAt, to, subject }))
  })
  // No form sends DELETE, and CORS allows it to no other origin.
  app.delete('/dev/inbox/mails', async (_request, reply) => {
    await inbox.clear()
    return reply.code(204).send()
  })
  app.get<MailRequest>('/dev/inbox/mails/:id', async ({ params, query }, reply) => {
    const mails = await listed(query.search)
    const selected = (await inbox.find(params.id)) ?? undefined
    if (!selected) void reply.code(404)
    return sendPage(reply, inboxPage({ mails, selected, ...shownBy(query) }), PAGE_POLICY)
  })
  htmlRoute(app, inbox, { ...MAIL_POLICY, 'img-src': logoUrl === null ? 'data:' : `data: ${imageSource(logoUrl)}` })
  done()
}

/** The HTML part alone, for the frame. */
function htmlRoute(app: FastifyInstance, inbox: Pick<Inbox, 'find'>, policy: Record<string, string>): void {
  app.get<MailRequest>('/dev/inbox/mails/:id/html', async (request, reply) => {
    const mail = await inbox.find(request.params.id)
    if (!mail) return sendPage(reply.code(404), html`<p>There is no such mail any more.</p>`, policy)
    return sendPage(reply, new Html(mail.html.replace(/<head[^>]*>/i, '$&<base target="_blank" />')), policy)
  })
}

function shownBy({ search = '', view, width }: ListRequest['Querystring']): Shown {
  return {
    search,
    view: view === 'text' || view === 'source' ? view : 'html',
    width: width === '360' || width === '600' ? width : 'full',
  }
}
