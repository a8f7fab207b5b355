import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createClient } from '@gatehouse/client'
import { useAuth } from '@gatehouse/client/react'
import { build } from 'esbuild'
import { createElement } from 'react'
import { renderToString } from 'react-dom/server'
import { type Browser, type BrowserContext, type Page, type Route, chromium } from 'playwright-core'
import { App } from './reactApp'
import { describeInBrowser, launchBrowser } from './support'
import { freePort } from '../../src/lib/freePort'
import { type TestApp, startTestApp } from '../support/app'
import { testedCode } from '../support/documents'
import { PASSWORD, verifiedPerson } from '../support/people'

const CLIENT = readFileSync(join(__dirname, '../../packages/client/dist/index.js'), 'utf8')
/** An app of React that goes on with what the server has rendered. */
const REACT = `
  import { createElement } from 'react'
  import { hydrateRoot } from 'react-dom/client'
  import { createClient } from '@gatehouse/client'
  import { App, shown } from './reactApp'
  globalThis.shown = shown
  globalThis.auth = createClient(options)
  hydrateRoot(document.querySelector('main'), createElement(App, { auth }))`
/** Milliseconds that a tab waits for another one's refresh. */
const LOCK_WAIT = 500

type State = { status: string; accessToken?: string; user?: { email: string }; problem?: { code: string } | null }
const isRefresh = (document: string) => document.includes('refreshSession')

describeInBrowser('the client package in a browser', () => {
  let app: TestApp
  let browser: Browser
  let debugPort: number
  let pages: Server
  let reactScript: string
  /** The app of docs/how-to/single-page-app.md. */
  let appScript: string
  /** Where the app is: another origin than the server's, of the same site. */
  let origin: string
  let context: BrowserContext
  /** The name of each operation that was sent, oldest first. */
  let sent: string[]
  /** What answers an operation instead of the server. */
  let instead: (document: string, route: Route) => Promise<unknown> | null
  beforeAll(async () => {
    app = await startTestApp()
    debugPort = await freePort('127.0.0.1')
    browser = await launchBrowser([`--remote-debugging-port=${debugPort}`])
    reactScript = await bundled(REACT)
    const code = testedCode('docs/how-to/single-page-app.md', 'single-page app')
    appScript = await bundled(code.replace('https://auth.example.com', app.config.publicUrl))
    pages = createServer(({ url }, response) => {
      const { type, body } = fileOf(url ?? '')
      response.setHeader('content-type', type).end(body)
    })
    await once(pages.listen(0, '127.0.0.1'), 'listening')
    origin = `http://localhost:${(pages.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    await browser.close()
    pages.close()
    await app.close()
  })
  beforeEach(async () => {
    context = await watched(await browser.newContext())
    sent = []
    instead = () => null
  })
  afterEach(() => context.close())

  async function watched(windows: BrowserContext): Promise<BrowserContext> {
    await windows.route('**/graphql', async (route) => {
      const document = route.request().postData() ?? ''
      const name = /(?:query|mutation) (\w+)/.exec(document)?.[1]
      if (name) sent.push(name)
      await (instead(document, route) ?? route.continue())
    })
    return windows
  }

  function fileOf(path: string) {
    if (path === '/client.js') return { type: 'text/javascript', body: CLIENT }
    const options = JSON.stringify({ url: app.config.publicUrl, transport: 'COOKIE', lockWait: LOCK_WAIT })
    if (path === '/react.js') return { type: 'text/javascript', body: `const options = ${options};${reactScript}` }
    if (path === '/app.js') return { type: 'text/javascript', body: appScript }
    if (path === '/app') return { type: 'text/html', body: '<!doctype html><body><script src="/app.js"></script>' }
    if (path === '/react') {
      const auth = createClient({ url: app.config.publicUrl, transport: 'COOKIE' })
      const html = renderToString(createElement(App, { auth }))
      return { type: 'text/html', body: `<!doctype html><main>${html}</main><script src="/react.js"></script>` }
    }
    const script = `import { createClient } from '/client.js'; globalThis.auth = createClient(${options})`
    return { type: 'text/html', body: `<!doctype html><script type="module">${script}</script>` }
  }

  async function bundled(contents: string): Promise<string> {
    const { outputFiles } = await build({
      ...{ stdin: { contents, resolveDir: __dirname, loader: 'tsx' }, jsx: 'automatic' },
      ...{ bundle: true, format: 'iife', write: false },
      define: { 'process.env.NODE_ENV': '"development"' },
    })
    return outputFiles[0]?.text ?? ''
  }

  async function tab(windows = context): Promise<Page> {
    const page = await windows.newPage()
    await page.goto(origin)
    return page
  }
  const state = (page: Page) => page.evaluate<State>('auth.state')
  const refresh = (page: Page) => page.evaluate<State>('auth.refresh()')
  const times = (name: string) => sent.filter((one) => one === name).length
  const follows = (page: Page, status: string) => page.waitForFunction(`auth.state.status === '${status}'`)
  const waiting = (page: Page) => page.waitForFunction('navigator.locks.query().then((all) => all.pending.length > 0)')

  async function logIn(page: Page): Promise<string> {
    const email = await verifiedPerson(app)
    const result = await page.evaluate<{ __typename: string }>(
      `auth.login(${JSON.stringify({ email, password: PASSWORD })})`,
    )
    expect(result.__typename).toBe('LoginSuccess')
    return email
  }
  async function twoTabs(windows = context) {
    const [one, other] = [await tab(windows), await tab(windows)]
    const email = await logIn(one)
    expect(await refresh(other)).toMatchObject({ status: 'signedIn', user: { email } })
    sent = []
    return { one, other, email }
  }
  /** Keeps the next refresh from the server until it is let go. */
  function holdRefresh() {
    let letGo = () => {}
    const held = new Promise<void>((resolve) => (letGo = resolve))
    const arrived = new Promise<void>((resolve) => {
      instead = (document, route) => {
        if (!isRefresh(document)) return null
        instead = () => null
        resolve()
        return held.then(() => route.continue().catch(() => undefined))
      }
    })
    return { arrived, letGo }
  }

  test('a reload restores the session by its cookie, and keeps no token where scripts find it', async () => {
    const page = await tab()
    const email = await logIn(page)
    await page.reload()
    expect((await state(page)).status).toBe('unknown')
    expect(await refresh(page)).toMatchObject({ status: 'signedIn', user: { email } })
    expect(times('Login')).toBe(1)
    const stored = await page.evaluate<unknown[]>(
      'indexedDB.databases().then((all) => [document.cookie, localStorage.length, sessionStorage.length, all.length])',
    )
    expect(stored).toEqual(['', 0, 0, 0])
  })

  test('the app of docs/how-to/single-page-app.md logs in, survives a reload and a dead network, and logs out in each tab', async () => {
    const page = await context.newPage()
    await page.goto(`${origin}/app`)
    const email = await verifiedPerson(app)
    await page.getByLabel('Email address').fill(email)
    await page.getByLabel('Password').fill('not this one')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('alert').filter({ hasText: 'password' }).waitFor()
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByText(`You are ${email}.`).waitFor()
    instead = (_document, route) => route.abort('internetdisconnected')
    await page.reload()
    await page.getByRole('button', { name: 'Try again' }).waitFor()
    instead = () => null
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText(`You are ${email}.`).waitFor()
    const other = await context.newPage()
    await other.goto(`${origin}/app`)
    await other.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
  })

  test('two tabs that refresh at once send one request, and have the same token', async () => {
    const { one, other } = await twoTabs()
    for (let round = 0; round < 5; round += 1) {
      sent = []
      const held = holdRefresh()
      const first = refresh(one)
      await held.arrived
      const second = other.evaluate<State[]>('Promise.all(Array.from({ length: 50 }, () => auth.refresh()))')
      await waiting(one)
      held.letGo()
      const token = (await first).accessToken
      expect(new Set((await second).map(({ accessToken }) => accessToken))).toEqual(new Set([token]))
      expect(times('RefreshSession')).toBe(1)
    }
  })

  test('forty refreshes of each of two tabs leave both signed in', async () => {
    const { one, other } = await twoTabs()
    const many = `(async () => {
      const all = []
      for (let n = 0; n < 40; n += 1) all.push((await auth.refresh()).status)
      return all
    })()`
    const statuses = await Promise.all([one, other].map((page) => page.evaluate<string[]>(many)))
    expect(statuses.flat().filter((status) => status === 'signedIn')).toHaveLength(80)
  })

  test('a frozen tab that holds the lock delays the others by lockWait, and goes on when it wakes', async () => {
    // Playwright's own windows are never hidden, and Chromium freezes hidden ones only.
    const debugged = await chromium.connectOverCDP(`http://127.0.0.1:${debugPort}`, { noDefaults: true })
    const [windows] = debugged.contexts()
    if (!windows) throw new Error('Chromium has no window of its own')
    const { one, other, email } = await twoTabs(await watched(windows))
    const held = holdRefresh()
    const frozen = refresh(one)
    await held.arrived
    const cdp = await windows.newCDPSession(one)
    await cdp.send('Page.setWebLifecycleState', { state: 'frozen' })
    held.letGo() // the answer comes long before the other tab has waited
    expect(await refresh(other)).toMatchObject({ status: 'signedIn', user: { email } })
    const locks = await other.evaluate<{ held: unknown[] }>('navigator.locks.query()')
    expect(locks.held).toHaveLength(1)
    await cdp.send('Page.setWebLifecycleState', { state: 'active' })
    expect(await frozen).toMatchObject({ status: 'signedIn', user: { email } })
    expect(await refresh(one)).toMatchObject({ status: 'signedIn' })
    await debugged.close()
  })

  test('a tab that crashes while it holds the lock stops nobody, and has its session after a reload', async () => {
    const { one, other, email } = await twoTabs()
    const held = holdRefresh()
    const lost = refresh(one).catch((error: unknown) => error)
    await held.arrived
    const next = refresh(other)
    await waiting(other)
    const cdp = await context.newCDPSession(one)
    void cdp.send('Page.crash').catch(() => undefined) // a page that has crashed answers nothing
    expect(await next).toMatchObject({ status: 'signedIn', user: { email } })
    held.letGo()
    expect(await lost).toBeInstanceOf(Error)
    const again = await tab()
    expect(await refresh(again)).toMatchObject({ status: 'signedIn', user: { email } })
  })

  test('a sign-out in one tab is seen in the others, and ends the session', async () => {
    const { one, other } = await twoTabs()
    await one.evaluate('auth.signOut()')
    await follows(other, 'signedOut')
    const third = await tab()
    expect((await refresh(third)).status).toBe('signedOut')
  })

  test('a login in one tab is seen in the others, which then act as that user', async () => {
    const { one, other } = await twoTabs()
    const email = await logIn(one)
    await follows(other, 'unknown')
    expect(await other.evaluate('auth.me()')).toMatchObject({ email })
    expect(await state(one)).toMatchObject({ status: 'signedIn', user: { email } })
  })

  test('a login while another tab refreshes leaves both with the new user', async () => {
    const { one, other } = await twoTabs()
    const held = holdRefresh()
    const late = refresh(one)
    await held.arrived
    const email = await logIn(other)
    const waited = refresh(other)
    await follows(one, 'unknown')
    held.letGo()
    expect(await late).toMatchObject({ status: 'signedIn', user: { email } })
    expect(await waited).toMatchObject({ status: 'signedIn', user: { email } })
    expect(await other.evaluate('auth.me()')).toMatchObject({ email })
  })

  test('a sign-out works after the access token has expired', async () => {
    const page = await tab()
    await logIn(page)
    app.clock.pass(25 * 3_600_000)
    await page.evaluate('auth.signOut()')
    await page.reload()
    expect((await refresh(page)).status).toBe('signedOut')
  })

  const html = (status: number) => ({ status, contentType: 'text/html', body: `<h1>${status}</h1>` })
  const allowed = () => ({ 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' })
  const coded = (status: number, code: string) => {
    const body = JSON.stringify({ errors: [{ message: 'later', extensions: { code, retryAfter: 7 } }] })
    return { status, contentType: 'application/json', headers: allowed(), body }
  }
  test.each<[string, string, (route: Route) => Promise<unknown>]>([
    ['no connection', 'UNREACHABLE', (route) => route.abort('internetdisconnected')],
    ["a proxy's page without CORS headers", 'UNREACHABLE', (route) => route.fulfill(html(502))],
    ["a proxy's page with them", 'UNREACHABLE', (route) => route.fulfill({ ...html(502), headers: allowed() })],
    ["a proxy's own 429", 'UNREACHABLE', (route) => route.fulfill({ ...html(429), headers: allowed() })],
    ['429', 'RATE_LIMITED', (route) => route.fulfill(coded(429, 'RATE_LIMITED'))],
    ['503', 'SERVICE_UNAVAILABLE', (route) => route.fulfill(coded(503, 'SERVICE_UNAVAILABLE'))],
  ])('%s signs nobody out: before a reload, after it, and in another tab', async (_, code, answer) => {
    const { one, other, email } = await twoTabs()
    const before = await state(one)
    instead = (_document, route) => answer(route)
    const refused = 'auth.refresh().catch((error) => error.code)'
    expect(await one.evaluate(refused)).toBe(code)
    expect(await state(one)).toEqual(before)
    expect(await one.evaluate('auth.signOut().catch((error) => error.code)')).toBe(code)
    expect((await state(one)).status).toBe('signedIn')
    await one.reload()
    expect(await one.evaluate(refused)).toBe(code)
    expect(await state(one)).toMatchObject({ status: 'unknown' })
    expect(await one.evaluate('auth.state.problem.code')).toBe(code)
    expect((await state(other)).status).toBe('signedIn')
    instead = () => null
    expect(await refresh(one)).toMatchObject({ status: 'signedIn', user: { email } })
  })

  test('a clock that is two hours wrong costs one refresh at most for each call', async () => {
    for (const hours of [-2, 2]) {
      const page = await context.newPage()
      await page.addInitScript(`{ const now = Date.now; Date.now = () => now() + ${hours * 3_600_000} }`)
      await page.goto(origin)
      const email = await logIn(page)
      sent = []
      for (let call = 0; call < 3; call += 1) expect(await page.evaluate('auth.me()')).toMatchObject({ email })
      expect(times('RefreshSession')).toBeLessThanOrEqual(3)
    }
  })

  test('a worker has a session of its own by the same cookie, and shares its sign-out', async () => {
    const { one, email } = await twoTabs()
    const options = JSON.stringify({ url: app.config.publicUrl, transport: 'COOKIE' })
    const source = `import { createClient } from '${origin}/client.js'
      const auth = createClient(${options})
      onmessage = () => auth.signOut().then(() => postMessage(auth.state))
      postMessage(await auth.refresh())`
    const next =
      "new Promise((resolve) => worker.addEventListener('message', ({ data }) => resolve(data), { once: true }))"
    const begun = await one.evaluate<State>(`
      globalThis.worker = new Worker(URL.createObjectURL(new Blob([${JSON.stringify(source)}], { type: 'text/javascript' })), { type: 'module' })
      ${next}`)
    expect(begun).toMatchObject({ status: 'signedIn', user: { email } })
    expect(await one.evaluate(`worker.postMessage(''), ${next}`)).toEqual({ status: 'signedOut' })
    await follows(one, 'signedOut')
  })

  describe('useAuth() of React, in StrictMode, after a rendering on the server', () => {
    let complaints: string[]
    async function reactTab(): Promise<Page> {
      const page = await context.newPage()
      complaints = []
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text())
      })
      page.on('pageerror', ({ message }) => complaints.push(message))
      await page.goto(`${origin}/react`)
      return page
    }
    const texts = (page: Page) => page.getByRole('status').allTextContents()
    const shows = (page: Page, text: string) =>
      page.waitForFunction(`[...document.querySelectorAll('p')].every((one) => one.textContent === '${text}')`)
    const shown = (page: Page) => page.evaluate<string[]>('shown')

    test('three components cost one refresh, and nothing flickers', async () => {
      const page = await reactTab()
      await shows(page, 'signedOut')
      expect(sent).toEqual(['RefreshSession'])
      const email = await logIn(page)
      await shows(page, email)
      expect(await shown(page)).toEqual(['unknown', 'signedOut', email])
      sent = []
      await page.reload()
      await shows(page, email)
      await refresh(page)
      await page.evaluate('auth.me()')
      expect(await texts(page)).toEqual([email, email, email])
      expect(await shown(page)).toEqual(['unknown', email])
      expect([times('RefreshSession'), times('Me')]).toEqual([2, 2]) // each once by itself, and once as told
      expect(complaints).toEqual([])
    })

    test('a login and a sign-out in another tab are shown', async () => {
      const [page, other] = [await reactTab(), await tab()]
      await shows(page, 'signedOut')
      const email = await logIn(other)
      await shows(page, email)
      await other.evaluate('auth.signOut()')
      await shows(page, 'signedOut')
      expect(complaints).toEqual([])
    })

    test('a server that is down is a problem and no sign-out, and is asked again when the app says so', async () => {
      const page = await reactTab()
      await shows(page, 'signedOut')
      const email = await logIn(page)
      sent = []
      instead = (_document, route) => route.fulfill(coded(503, 'SERVICE_UNAVAILABLE'))
      await page.reload()
      await shows(page, 'SERVICE_UNAVAILABLE')
      expect(sent).toEqual(['RefreshSession'])
      instead = () => null
      await refresh(page)
      await shows(page, email)
      expect(await shown(page)).toEqual(['unknown', 'SERVICE_UNAVAILABLE', email])
    })
  })

  test('useAuth() without a client says what is missing', () => {
    const Alone = () => createElement('p', null, useAuth().state.status)
    expect(() => renderToString(createElement(Alone))).toThrow('<AuthProvider client={auth}>')
  })
})
