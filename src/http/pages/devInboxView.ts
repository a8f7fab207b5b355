import type { InboxMail } from '../../dev/inbox/store'
import { Html, html } from './html'

export type MailView = 'html' | 'text' | 'source'

const VIEW_NAMES: Record<MailView, string> = { html: 'HTML', text: 'Text', source: 'Source' }

interface InboxState {
  /** Newest first. */
  mails: readonly InboxMail[]
  /** The mail that is open; undefined: none, or one that was deleted. */
  selected: InboxMail | undefined
  view: MailView
}

/** The whole inbox, with one mail open. The script fetches this same page again when the list has changed. */
export function inboxPage(state: InboxState): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${state.selected?.subject ?? 'No mail yet'} · Development inbox</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/brand.css" />
        <link rel="stylesheet" href="/assets/page.css" />
        <link rel="stylesheet" href="/dev/inbox/inbox.css" />
        <script src="/dev/inbox/inbox.js" defer></script>
      </head>
      <body class="inbox">
        <header>
          <img src="/assets/icon.svg" alt="" width="32" height="32" />
          <h1>Development inbox</h1>
          <p id="count" role="status">${counted(state.mails.length)}</p>
        </header>
        <nav id="mails" aria-label="Mails, newest first">${mailList(state)}</nav>
        <main id="mail">${state.selected ? mail(state.selected, state.view) : noMail(state)}</main>
      </body>
    </html> `
}

function counted(mails: number): string {
  return mails === 1 ? '1 mail' : `${mails} mails`
}

function mailList({ mails, selected, view }: InboxState): Html {
  const items = mails.map(
    ({ id, to, subject, sentAt }) =>
      html`<li>
        <a id="mail-${id}" href="${mailUrl(id, view)}" ${new Html(id === selected?.id ? 'aria-current="true"' : '')}>
          <strong>${subject}</strong> <span>${to}</span> ${time(sentAt)}
        </a>
      </li>`,
  )
  return html`<ul>
    ${items}
  </ul>`
}

function mail(opened: InboxMail, view: MailView): Html {
  const tabs = (['html', 'text', 'source'] as const).map(
    (name) =>
      html`<a href="${mailUrl(opened.id, name)}" ${new Html(name === view ? 'aria-current="page"' : '')}
        >${VIEW_NAMES[name]}</a
      >`,
  )
  return html`<h2>${opened.subject}</h2>
    <p class="about">to <bdi>${opened.to}</bdi>, ${time(opened.sentAt)}</p>
    <nav class="views" aria-label="Views of this mail">${tabs}</nav>
    ${content(opened, view)}`
}

function content(opened: InboxMail, view: MailView): Html {
  if (view === 'text') return html`<pre tabindex="0" dir="auto" aria-label="Text part">${linked(opened.text)}</pre>`
  if (view === 'source') return html`<pre tabindex="0" dir="ltr" aria-label="Source">${opened.source}</pre>`
  return html`<iframe
    title="HTML part"
    src="/dev/inbox/mails/${opened.id}/html"
    sandbox="allow-popups allow-popups-to-escape-sandbox"
  ></iframe>`
}

function noMail({ mails }: InboxState): Html {
  if (mails.length > 0)
    return html`<h2>This mail is gone</h2>
      <p>Choose another one from the list.</p>`
  return html`<h2>No mail yet</h2>
    <p>Every mail this server would send arrives here, and this page shows it by itself. To cause one, register:</p>
    <pre tabindex="0" aria-label="Command">curl -H 'content-type: application/json' \\
  -d '{"email":"ada@example.com","password":"violet tractor seven moons"}' \\
  <span id="origin">http://localhost:4000</span>/api/auth/register</pre>`
}

function mailUrl(id: string, view: MailView): string {
  return `/dev/inbox/mails/${encodeURIComponent(id)}${view === 'html' ? '' : `?view=${view}`}`
}

/** In UTC; the script rewrites it in the reader's own zone. */
function time(at: Date): Html {
  return html`<time datetime="${at.toISOString()}">${at.toISOString().slice(0, 16).replace('T', ' ')} UTC</time>`
}

function linked(text: string): Html {
  const pieces = text.split(/(https?:\/\/[^\s<>"]+)/)
  const parts = pieces.map((piece, at) =>
    at % 2 === 0 ? html`${piece}` : html`<a href="${piece}" target="_blank" rel="noopener noreferrer">${piece}</a>`,
  )
  return html`${parts}`
}
