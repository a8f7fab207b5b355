/* Keeps the development inbox up to date: after a change it takes the new parts over from a freshly drawn page. */
'use strict'

/** Milliseconds between two looks: soon enough to wait for a mail with the eyes on the page. */
const INTERVAL = 2000

localize()
void poll()

async function poll() {
  // A failed look is a server that restarts: the next one finds it again.
  if (!document.hidden) await look().catch(() => {})
  setTimeout(poll, INTERVAL)
}

async function look() {
  const response = await fetch('/dev/inbox/mails.json')
  const found = (await response.json()).map((mail) => `mail-${mail.id}`)
  const shown = [...document.querySelectorAll('#mails a')].map((link) => link.id)
  if (found.join() !== shown.join()) takeOver(await drawnPage())
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
 * The inbox itself follows the newest mail; a mail that was opened stays open, with the reader's place in it. Entries of
 * the list stay the elements they are: one replaced under the pointer would swallow the click.
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
