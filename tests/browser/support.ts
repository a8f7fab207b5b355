import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page, chromium } from 'playwright-core'
import { startApp } from '../../src/app'
import { readEnvironment, resolveConfig } from '../../src/config/config'
import { later } from '../../src/lib/clock'
import { createDatabase } from '../support/database'

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** `describe` where there is a Chromium to drive; elsewhere the tests are listed as skipped. */
export const describeInBrowser = existsSync(CHROMIUM) ? describe : describe.skip

export function launchBrowser(): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet]
  return chromium.launch({ executablePath: CHROMIUM, args })
}

export interface PagesApp {
  /** The public address, as in the mails' links. */
  url: string
  /** Moves the server's time on. */
  pass(milliseconds: number): void
  /** Calls one mutation and resolves to its result. */
  call(operation: string, input: object, accessToken?: string): Promise<Result>
  close(): Promise<void>
}

export interface Result {
  __typename: string
  tokens?: { accessToken: string }
}

/** A real server with a database and an inbox of its own. */
export async function startPagesApp(): Promise<PagesApp> {
  const database = await createDatabase()
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-pages-'))
  const given = { PORT: String(await freePort()), DATABASE_URL: database.url, DATA_DIR: dataDir, BCRYPT_COST: '10' }
  const config = resolveConfig(readEnvironment(given))
  let passed = 0
  const clock = { now: () => later(new Date(), passed) }
  const app = await startApp({ config, logger: pino({ level: 'silent' }), clock })
  return {
    url: config.publicUrl,
    pass: (milliseconds) => void (passed += milliseconds),
    call: (operation, input, accessToken) => call(config.publicUrl, { operation, input, accessToken }),
    close: async () => {
      await app.close()
      await database.drop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

interface Call {
  operation: string
  input: object
  accessToken: string | undefined
}

async function call(url: string, { operation, input, accessToken }: Call): Promise<Result> {
  const name = `${operation.charAt(0).toUpperCase()}${operation.slice(1)}`
  const tokens = operation === 'login' ? '... on LoginSuccess { tokens { accessToken } }' : ''
  const query = `mutation ($input: ${name}Input!) { result: ${operation}(input: $input) { __typename ${tokens} } }`
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(accessToken && { authorization: `Bearer ${accessToken}` }) },
    body: JSON.stringify({ query, variables: { input } }),
  })
  const body = (await response.json()) as { data?: { result: Result } }
  if (!body.data) throw new Error(JSON.stringify(body))
  return body.data.result
}

/** The links of mails name the port, so it is chosen before the server starts. */
function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
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
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`console: ${message.text()}`)
  })
  context.on('weberror', (error) => complaints.push(`script: ${error.error().message}`))
  context.on('request', (request) => {
    const url = new URL(request.url())
    if (!['localhost', '127.0.0.1'].includes(url.hostname)) complaints.push(`elsewhere: ${url.href}`)
    if (/token/i.test(`${url.pathname}${url.search}`)) complaints.push(`token in the request line: ${url.href}`)
    looks.push(
      request.allHeaders().then(
        ({ referer }) => void (referer !== undefined && /token/i.test(referer) && complaints.push(`Referer: ${referer}`)),
        () => undefined, // the window was closed meanwhile
      ),
    )
  })
  const page = await context.newPage()
  return { context, page, complaints: () => Promise.all(looks).then(() => complaints) }
}

/** Clicks the link of the newest mail with that subject in the inbox page, which must be open, and waits for it to come. */
export async function followMail({ context, page }: Watched, subject: RegExp): Promise<Page> {
  const { origin } = new URL(page.url())
  await page.locator('#mails a', { hasText: subject }).first().click()
  await page.locator('#mails a[aria-current]', { hasText: subject }).waitFor()
  const opened = context.waitForEvent('page')
  await page.frameLocator('iframe').locator(`a[href^="${origin}/"][href*="#token="]`).first().click()
  const followed = await opened
  await followed.locator('section:not([hidden])').waitFor()
  return followed
}
