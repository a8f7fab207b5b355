import { existsSync } from 'node:fs'
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page, chromium } from 'playwright-core'
import { type TestApp, startTestApp } from '../support/app'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** `describe` where there is a Chromium to drive; elsewhere the tests are listed as skipped. */
export const describeInBrowser = existsSync(CHROMIUM) ? describe : describe.skip

export function launchBrowser(): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet]
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
  /** What a page must never do: an error in the console, a violated policy, a request elsewhere, a token on its way in clear. */
  complaints(): Promise<string[]>
}

export async function openWatched(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext(options)
  const complaints: string[] = []
  const looks: Promise<void>[] = []
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`)
  })
  context.on('weberror', (error) => complaints.push(`script: ${error.error().message}`))
  context.on('request', (request) => {
    const url = new URL(request.url())
    if (!['localhost', '127.0.0.1'].includes(url.hostname)) complaints.push(`elsewhere: ${url.href}`)
    if (/token/i.test(`${url.pathname}${url.search}`)) complaints.push(`token in the request line: ${url.href}`)
    looks.push(
      request.allHeaders().then(
        ({ referer }) =>
          void (referer !== undefined && /token/i.test(referer) && complaints.push(`Referer: ${referer}`)),
        () => undefined, // the window was closed meanwhile
      ),
    )
  })
  const page = await context.newPage()
  return { context, page, complaints: () => Promise.all(looks).then(() => complaints) }
}

/** Waits for a mail to that address in the inbox page, which must be open, and follows the link in it. */
export async function followMail({ context, page }: Watched, to: string, subject: RegExp): Promise<Page> {
  const { origin } = new URL(page.url())
  const mail = page.locator('#mails a', { hasText: to }).filter({ hasText: subject }).first()
  await mail.click()
  await page.locator('.about', { hasText: to }).waitFor()
  const opened = context.waitForEvent('page')
  await page.frameLocator('iframe').locator(`a[href^="${origin}/"][href*="#token="]`).first().click()
  const followed = await opened
  await followed.locator('section:not([hidden])').waitFor()
  return followed
}
