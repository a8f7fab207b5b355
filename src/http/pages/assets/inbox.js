/* Polls for new mails in the development inbox. After a change it copies the new parts from a freshly loaded page. */
'use strict'

/** Milliseconds between two polls. */
const INTERVAL = 2000

const search = document.querySelector('input[type=search]')
search.addEventListener('input', () => void showFound())
const clear = document.getElementById('clear')
clear.addEventListener('click', () => void deleteAll())
clear.hidden = false

localize()
void poll()

async function poll() {
  // A poll fails while the server restarts: the next one retries.
  if (!document.hidden) await showNewMails().catch(() => {})
  setTimeout(poll, INTERVAL)
}

async function showNewMails() {
  const asked = location.search
  const response = await fetch(`/dev/inbox/mails.json${asked}`)
  const found = (await response.json()).map((mail) => `mail-${mail.id}`)
  const shown = [...document.querySelectorAll('#mails a')].map((link) => link.id)
  if (found.join() === shown.join()) return
  const page = await drawnPage()
  // Another search may have begun meanwhile, and have drawn the list.
  if (asked === location.search) takeOver(page)
}

/** Searches while somebody types, so that the address has the search too. */
async function showFound() {
  const address = new URL('/dev/inbox', location.href)
  for (const [name, value] of new FormData(search.form)) if (value !== '') address.searchParams.set(name, value)
  history.replaceState(null, '', address)
  const page = await drawnPage()
  if (address.href !== location.href) return // somebody typed on
  take('mails', page)
  take('count', page)
  document.title = page.title
  take('mail', page)
  localize()
}

async function deleteAll() {
  if (!confirm('Delete every mail of this inbox?')) return
  await fetch('/dev/inbox/mails', { method: 'DELETE' })
  location.assign('/dev/inbox')
}

function drawnPage() {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    request.open('GET', location.href)
    request.responseType = 'document'
    request.onload = () => (request.response ? resolve(request.response) : reject(new Error('no page')))
    request.onerror = reject
    request.send()
  })
}

/**
 * `/dev/inbox` shows the newest mail; a mail that was opened stays open at its scroll position. Entries of the list keep
 * their elements: replacing one under the pointer would lose the click.
 */
function takeOver(page) {
  const list = document.querySelector('#mails ul')
  for (const link of list.querySelectorAll('a')) if (!page.getElementById(link.id)) link.parentElement.remove()
  const entries = [...page.querySelectorAll('#mails li')]
  list.prepend(...entries.filter((entry) => !document.getElementById(entry.firstElementChild.id)))
  take('count', page)
  if (location.pathname === '/dev/inbox') followNewest(page)
  localize()
}

function followNewest(page) {
  document.title = page.title
  document.querySelector('#mails a[aria-current]:not(li:first-child a)')?.removeAttribute('aria-current')
  take('mail', page)
}

function take(id, page) {
  document.getElementById(id).replaceChildren(...page.getElementById(id).childNodes)
}

function localize() {
  const format = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
  for (const time of document.querySelectorAll('time')) time.textContent = format.format(new Date(time.dateTime))
  const origin = document.getElementById('origin')
  if (origin) origin.textContent = location.origin
}
