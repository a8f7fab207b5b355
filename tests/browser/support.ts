import { existsSync, readFileSync } from 'node:fs'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
  type Request,
  chromium,
} from 'playwright-core'
import { type TestApp, startTestApp } from '../support/app'

/** Without the parts that draw a window on a screen, it takes half the CPU time. */
const HEADLESS = '/usr/bin/chromium-headless-shell'
const CHROMIUM = process.env.CHROMIUM ?? (existsSync(HEADLESS) ? HEADLESS : '/usr/bin/chromium')

/** `describe` where there is a Chromium to drive; elsewhere the tests are listed as skipped. */
export const describeInBrowser = existsSync(CHROMIUM) ? describe : describe.skip

export function launchBrowser(more: string[] = []): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet, ...more]
  return chromium.launch({ executablePath: CHROMIUM, args })
}

/** A server whose mails go to the development inbox. Its public address is `config.publicUrl`, as in the mails' links. */
export function startInboxApp(env: Record<string, string> = {}): Promise<TestApp> {
  return startTestApp({ env: { SMTP_URL: '', ...env } })
}

/** A browser window in which nothing goes unnoticed. */
export interface Watched {
  context: BrowserContext
  page: Page
  /** Mails whose links were followed from this window, by their element's id. */
  followed: string[]
  /** What a page must never do: an error in the console, a violated policy, a request elsewhere, a token on its way in clear. */
  complaints: () => Promise<string[]>
}

/** What a mailed token looks like, or the name of the parameter that would hold one. */
const TOKEN = /[\w-]{43}|token/i

export async function openWatched(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext(options)
  const complaints: string[] = []
  const looks: Promise<number>[] = []
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`)
  })
  context.on('weberror', (error) => complaints.push(`script: ${error.error().message}`))
  context.on('request', (request) => {
    const url = new URL(request.url())
    if (!['localhost', '127.0.0.1'].includes(url.hostname)) complaints.push(`elsewhere: ${url.href}`)
    // The inbox's own addresses hold mail ids, which are as long as a token.
    if (!url.pathname.startsWith('/dev/') && TOKEN.test(url.pathname + url.search))
      complaints.push(`token: ${url.href}`)
    looks.push(refererOf(request).then((found) => complaints.push(...found)))
  })
  const page = await context.newPage()
  return { context, page, followed: [], complaints: () => Promise.all(looks).then(() => complaints) }
}

/** The Referer of a request, where it has one. A request of a window that was closed meanwhile has none. */
async function refererOf(request: Request): Promise<string[]> {
  const { referer } = await request.allHeaders().catch(() => ({ referer: undefined }))
  return !referer ? [] : [`Referer: ${referer}`]
}

/** Waits for a mail to that address in the inbox page, which must be open, and follows its link. Each mail is followed once. */
export async function followMail({ context, page, followed }: Watched, to: string, subject: RegExp): Promise<Page> {
  const { origin } = new URL(page.url())
  const others = followed.map((id) => `:not(#${id})`).join('')
  const mail = page.locator(`#mails a${others}`, { hasText: to }).filter({ hasText: subject }).first()
  // The page polls every other second by itself; here it polls at once.
  while ((await mail.count()) === 0) await page.evaluate('showNewMails()')
  const id = (await mail.getAttribute('id')) ?? ''
  followed.push(id)
  await mail.click()
  await page.waitForURL(`**/mails/${id.replace('mail-', '')}`)
  const opened = context.waitForEvent('page')
  // By keyboard: Chromium drops clicks into a frame that has just been scrolled into view.
  await page.frameLocator('iframe').locator(`a[href^="${origin}/"][href*="#token="]`).first().press('Enter')
  const target = await opened
  await target.locator('section:not([hidden])').waitFor()
  return target
}

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

/** What is wrong with the page as it stands: axe's serious and critical findings, and text that runs out of the window. */
export async function flaws(page: Page): Promise<string[]> {
  if (await page.evaluate<boolean>('!window.axe')) await page.evaluate(axe)
  const found = await page.evaluate<{ id: string; impact: string; nodes: { target: string[] }[] }[]>(
    'axe.run({ iframes: false, resultTypes: ["violations"] }).then((result) => result.violations)',
  )
  const barriers = found.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  return [
    ...barriers.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`),
    ...(await overflow(page)),
  ]
}

/** Text that runs out of the window. */
export async function overflow(page: Page): Promise<string[]> {
  const pixels = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
  return pixels > 0 ? [`${page.url()} is ${pixels} px too wide`] : []
}
