import type { InboxMail } from '../../dev/inbox/store'
import { Html, html } from './html'

type MailView = 'html' | 'text' | 'source'
/** Pixels of the frame, as on a phone and in a mail program. */
type MailWidth = '360' | '600' | 'full'

const VIEW_NAMES: Record<MailView, string> = { html: 'HTML', text: 'Text', source: 'Source' }

const WIDTH_NAMES: Record<MailWidth, string> = { 360: '360 px', 600: '600 px', full: 'Full width' }

/** What is shown beside the mails themselves. It stands in the address, so that a link keeps it. */
export interface Shown {
  search: string
  view: MailView
  width: MailWidth
}

interface InboxState extends Shown {
  /** Newest first. */
  mails: readonly InboxMail[]
  /** The mail that is open; undefined: none, or one that was deleted. */
  selected: InboxMail | undefined
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
          ${searchForm(state)}
          <p id="count" role="status">${counted(state.mails.length)}</p>
          <button type="button" id="clear" hidden>Delete all</button>
        </header>
        <nav id="mails" aria-label="Mails, newest first">${mailList(state)}</nav>
        <main id="mail">${state.selected ? mail(state.selected, state) : noMail(state)}</main>
      </body>
    </html> `
}

/** The view and the width stay as they are. */
function searchForm({ search, view, width }: Shown): Html {
  const kept = Object.entries(paramsOf({ search: '', view, width })).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  )
  return html`<form action="/dev/inbox" role="search">
    ${kept}<input type="search" name="search" value="${search}" placeholder="Search" aria-label="Search the mails" />
  </form>`
}

function counted(mails: number): string {
  return mails === 1 ? '1 mail' : `${mails} mails`
}

function mailList({ mails, selected, ...shown }: InboxState): Html {
  const items = mails.map(
    ({ id, to, subject, sentAt }) =>
      html`<li>
        <a id="mail-${id}" href="${mailUrl(id, shown)}" ${new Html(id === selected?.id ? 'aria-current="true"' : '')}>
          <strong>${subject}</strong> <span>${to}</span> ${time(sentAt)}
        </a>
      </li>`,
  )
  return html`<ul>
    ${items}
  </ul>`
}

function mail(opened: InboxMail, shown: Shown): Html {
  const tabs = (['html', 'text', 'source'] as const).map(
    (name) =>
      html`<a
        href="${mailUrl(opened.id, { ...shown, view: name })}"
        ${new Html(name === shown.view ? 'aria-current="page"' : '')}
        >${VIEW_NAMES[name]}</a
      >`,
  )
  return html`<h2>${opened.subject}</h2>
    <p class="about">to <bdi>${opened.to}</bdi>, ${time(opened.sentAt)}</p>
    <div class="choices">
      <nav class="views" aria-label="Views of this mail">${tabs}</nav>
      ${shown.view === 'html' ? widths(opened, shown) : html``}
    </div>
    ${content(opened, shown)}`
}

function widths(opened: InboxMail, shown: Shown): Html {
  const links = (['360', '600', 'full'] as const).map(
    (width) =>
      html`<a
        href="${mailUrl(opened.id, { ...shown, width })}"
        ${new Html(width === shown.width ? 'aria-current="true"' : '')}
        >${WIDTH_NAMES[width]}</a
      >`,
  )
  return html`<nav class="views" aria-label="Width of this mail">${links}</nav>`
}

function content(opened: InboxMail, { view, width }: Shown): Html {
  if (view === 'text') return html`<pre tabindex="0" dir="auto" aria-label="Text part">${linked(opened.text)}</pre>`
  if (view === 'source') return html`<pre tabindex="0" dir="ltr" aria-label="Source">${opened.source}</pre>`
  return html`<iframe
    title="HTML part"
    data-width="${width}"
    src="/dev/inbox/mails/${opened.id}/html"
    sandbox="allow-popups allow-popups-to-escape-sandbox"
  ></iframe>`
}

function noMail({ mails, search }: InboxState): Html {
  if (mails.length === 0 && search !== '')
    return html`<h2>No mail has these words</h2>
      <p>Subjects, recipients and texts were searched. <a href="/dev/inbox">Show all mails</a></p>`
  if (mails.length > 0)
    return html`<h2>This mail is gone</h2>
      <p>Choose another one from the list.</p>`
  return html`<h2>No mail yet</h2>
    <p>Every mail this server would send arrives here, and this page shows it by itself. To cause one, register:</p>
    <pre tabindex="0" aria-label="Command">curl -H 'content-type: application/json' \\
  -d '{"email":"ada@example.com","password":"violet tractor seven moons"}' \\
  <span id="origin">http://localhost:4000</span>/api/auth/register</pre>`
}

function mailUrl(id: string, shown: Shown): string {
  const query = new URLSearchParams(paramsOf(shown)).toString()
  return `/dev/inbox/mails/${encodeURIComponent(id)}${query === '' ? '' : `?${query}`}`
}

/** What differs from what is shown first. */
function paramsOf({ search, view, width }: Shown): Record<string, string> {
  return {
    ...(search !== '' && { search }),
    ...(view !== 'html' && { view }),
    ...(width !== 'full' && { width }),
  }
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
