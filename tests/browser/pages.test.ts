import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import {
  type Watched,
  describeInBrowser,
  flaws,
  followMail,
  launchBrowser,
  openWatched,
  overflow,
  startInboxApp,
} from './support'
import { LOCALES } from '../../src/generated/locales'
import type { TestApp } from '../support/app'
import { call } from '../support/client'
import { MAILED_PAGES } from '../support/mailedPages'
import { NEW_PASSWORD, PASSWORD, loggedIn, someone } from '../support/people'

const HOUR = 3_600_000
const DESKTOP = { width: 1280, height: 800 }
const PHONE = { width: 320, height: 640 }
const SMALL_PHONE = { width: 375, height: 667 }

const step = (page: Page, name: string) => page.locator(`section[data-step="${name}"]:not([hidden])`)
const shown = (page: Page) => page.locator('section:not([hidden])')
const heldToken = (page: Page) => page.evaluate<string>('history.state.token')
const submit = (page: Page) => shown(page).locator('.button').click()

describeInBrowser('the pages behind mailed links', () => {
  let app: TestApp
  let browser: Browser
  let window: Watched
  /** What a test opened beside the window of all of them. */
  const opened: (() => Promise<void>)[] = []

  beforeAll(async () => {
    app = await startInboxApp()
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await app.close()
  })
  beforeEach(() => openInbox(DESKTOP))
  afterEach(async () => {
    await window.context.close()
    for (const close of opened.splice(0)) await close()
  })

  async function another(env: Record<string, string> = {}): Promise<TestApp> {
    const other = await startInboxApp(env)
    opened.push(() => other.close())
    return other
  }

  async function anotherWindow(options: BrowserContextOptions): Promise<Watched> {
    const other = await openWatched(browser, options)
    opened.unshift(() => other.context.close())
    return other
  }

  async function openInbox(viewport: typeof DESKTOP): Promise<void> {
    window = await openWatched(browser, { viewport, locale: 'en' })
    await window.page.goto(`${app.config.publicUrl}/dev/inbox`)
  }

  test('a mailed code is shown large, where no challenge is, and nothing is sent', async () => {
    const { page } = window
    const requests: string[] = []
    page.on('request', (request) => requests.push(`${request.method()} ${new URL(request.url()).pathname}`))
    await page.goto(`${app.config.publicUrl}/login-code#code=12345678`)
    await expect(step(page, 'ready').locator('[data-code]').textContent()).resolves.toBe('1234 5678')
    expect(await page.locator('button, form').count()).toBe(0)
    expect(page.url()).toBe(`${app.config.publicUrl}/login-code`)
    expect(requests.filter((request) => !/^GET \/(login-code|assets\/)/.test(request))).toEqual([])
    await page.goto(`${app.config.publicUrl}/login-code`)
    await window.page.reload()
    await expect(page.locator('section:not([hidden]) h1').count()).resolves.toBe(1)
  })

  const login = async (email: string, password: string) => (await call(app.url, 'login', { email, password })).code

  /** Registers and opens the mailed link. */
  async function registered(email = someone()): Promise<{ email: string; page: Page }> {
    expect((await call(app.url, 'register', { email, password: PASSWORD })).code).toBe('SUCCESS')
    return { email, page: await followMail(window, email, /Confirm/) }
  }

  /** Registers, verifies, asks for a reset and opens the mailed link. */
  async function resetting(): Promise<{ email: string; page: Page }> {
    const { email, page } = await registered()
    await submit(page)
    await step(page, 'done').waitFor()
    expect((await call(app.url, 'requestReset', { email })).code).toBe('SUCCESS')
    return { email, page: await followMail(window, email, /new password/) }
  }

  describe.each([
    ['a desktop', DESKTOP],
    ['a phone of 320 px', PHONE],
  ])('on %s', (_name, viewport) => {
    beforeEach(async () => {
      await window.context.close()
      await openInbox(viewport)
    })

    test('a person registers, opens the mail, presses the button and logs in', async () => {
      const { email, page } = await registered()
      expect(await login(email, PASSWORD)).toBe('EMAIL_NOT_VERIFIED') // opening the link did nothing
      await submit(page)
      await step(page, 'done').waitFor()
      expect(await shown(page).innerText()).toContain(email)
      expect(await login(email, PASSWORD)).toBe('SUCCESS')
      expect(await window.complaints()).toEqual([])
    })

    test('a forgotten password is replaced by a new one', async () => {
      const { email, page } = await resetting()
      await page.evaluate(
        'navigator.credentials.store = async ({ id, password }) => { window.stored = [id, password] }',
      )
      await page.getByLabel('New password').fill(NEW_PASSWORD)
      await submit(page)
      await step(page, 'done').waitFor()
      expect(await shown(page).innerText()).toContain(email)
      expect(await page.evaluate('window.stored')).toEqual([email, NEW_PASSWORD])
      expect(await login(email, PASSWORD)).toBe('INVALID_CREDENTIALS')
      expect(await login(email, NEW_PASSWORD)).toBe('SUCCESS')
      expect(await window.complaints()).toEqual([])
    })
  })

  test('a new address is confirmed with one click', async () => {
    const { email, page } = await registered()
    await submit(page)
    await step(page, 'done').waitFor()
    const { tokens } = await loggedIn(app, email)
    const newEmail = someone()
    const asked = await call(
      app.url,
      'requestEmailChange',
      { newEmail, password: PASSWORD },
      { token: tokens.accessToken },
    )
    expect(asked.code).toBe('SUCCESS')
    const change = await followMail(window, newEmail, /./)
    await submit(change)
    await step(change, 'done').waitFor()
    expect(await login(newEmail, PASSWORD)).toBe('SUCCESS')
    expect(await window.complaints()).toEqual([])
  })

  test('a weak password is refused with advice, and the same link goes on working', async () => {
    const { email, page } = await resetting()
    await page.getByLabel('New password').fill('password123')
    expect(await page.getByRole('meter').getAttribute('aria-valuetext')).toBe('very weak')
    await submit(page)
    await page.getByRole('alert').filter({ hasText: 'too easy to guess' }).waitFor()
    expect(await page.evaluate('document.activeElement.id')).toBe('password')
    await page.getByLabel('New password').fill(NEW_PASSWORD)
    expect(await page.getByRole('meter').getAttribute('aria-valuetext')).toBe('strong')
    await submit(page)
    await step(page, 'done').waitFor()
    expect(await login(email, NEW_PASSWORD)).toBe('SUCCESS')
  })

  test('the password field fits password managers, and shows what was typed when asked to', async () => {
    const { page } = await resetting()
    const field = page.getByLabel('New password')
    expect(await field.getAttribute('autocomplete')).toBe('new-password')
    expect(await field.getAttribute('maxlength')).toBeNull() // it would cut a pasted password silently
    expect(await field.getAttribute('type')).toBe('password')
    await page.getByRole('button', { name: 'Show' }).click()
    expect(await field.getAttribute('type')).toBe('text')
    await page.getByRole('button', { name: 'Hide' }).click()
    expect(await field.getAttribute('type')).toBe('password')
  })

  test('the rule for passwords is shown when the field is used, and the button stays in sight on a small phone', async () => {
    const { page } = await anotherWindow({ viewport: SMALL_PHONE, locale: 'de' })
    await page.goto(`${app.config.publicUrl}/reset-password#token=AAAA`)
    const rule = page.getByText('8 bis 128 Zeichen')
    expect(await rule.isVisible()).toBe(false)
    await page.getByLabel('Neues Passwort').fill('password123')
    expect(await rule.isVisible()).toBe(true)
    const button = await page.getByRole('button', { name: 'Neues Passwort speichern' }).boundingBox()
    expect((button?.y ?? Infinity) + (button?.height ?? 0)).toBeLessThanOrEqual(SMALL_PHONE.height)
  })

  test('what is typed stays clear of the button that shows it, where the page reads from right to left too', async () => {
    const { page } = await anotherWindow({ locale: 'ar' })
    await page.goto(`${app.config.publicUrl}/reset-password#token=AAAA`)
    await page.locator('#password').fill('violet tractor') // turns the field's own direction
    const button = await page.locator('.reveal').boundingBox()
    const padding = await page.evaluate<number>('parseFloat(getComputedStyle(document.forms[0].password).paddingLeft)')
    expect(padding).toBeGreaterThanOrEqual(button?.width ?? Infinity)
  })

  test('a password that is too short is told so without asking the server', async () => {
    const { page } = await resetting()
    const asked: string[] = []
    page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`))
    await page.getByLabel('New password').fill('a'.repeat(7))
    await submit(page)
    await page.getByRole('alert').filter({ hasText: '8 to 128' }).waitFor()
    expect(asked).not.toContain('POST /graphql')
  })

  test('an expired verification link explains itself, and a new one comes by mail', async () => {
    const { email, page } = await registered()
    app.clock.pass(25 * HOUR)
    await submit(page)
    await step(page, 'expired').waitFor()
    await shown(page).getByLabel('Email address').fill(email)
    await submit(page)
    await step(page, 'sent').waitFor()
    expect(await shown(page).innerText()).toContain(email)
    const renewed = await followMail(window, email, /Confirm/)
    await submit(renewed)
    await step(renewed, 'done').waitFor()
    expect(await login(email, PASSWORD)).toBe('SUCCESS')
    expect(await window.complaints()).toEqual([])
  })

  test('a used reset link explains itself, and a new one comes by mail', async () => {
    const { email, page } = await resetting()
    const token = await heldToken(page)
    await page.getByLabel('New password').fill(NEW_PASSWORD)
    await submit(page)
    await step(page, 'done').waitFor()

    await page.goto(`${app.config.publicUrl}/reset-password#token=${token}`)
    await step(page, 'ready').waitFor()
    await page.getByLabel('New password').fill(`${NEW_PASSWORD} again`)
    await submit(page)
    await step(page, 'invalid').waitFor()
    await shown(page).getByLabel('Email address').fill(email)
    await submit(page)
    await step(page, 'sent').waitFor()
    expect(await login(email, NEW_PASSWORD)).toBe('SUCCESS')
  })

  test('a verification link that was followed already succeeds again', async () => {
    const { email, page } = await registered()
    const token = await heldToken(page)
    for (const visit of ['first', 'second']) {
      await page.goto(`${app.config.publicUrl}/verify-email?visit=${visit}#token=${token}`)
      await submit(page)
      await step(page, 'done').waitFor()
    }
    expect(await shown(page).innerText()).toContain(email)
  })

  test.each([
    ['in the query', '?token='],
    ['in the query, behind a slash', '/?utm_source=scanner&token='],
    ['behind an encoded #', '%23token='],
    ['behind an encoded # in the fragment', '#%23token='],
    ['behind a blank', '#token=%20'],
  ])('a link that a mail program rewrote is followed: its token %s', async (_where, between) => {
    const { email, page } = await registered()
    const token = await heldToken(page)
    const rewritten = await (await anotherWindow({ locale: 'en' })).context.newPage()
    await rewritten.goto(`${app.config.publicUrl}/verify-email${between}${token}`)
    await step(rewritten, 'ready').waitFor()
    expect(rewritten.url()).toBe(`${app.config.publicUrl}/verify-email`)
    await submit(rewritten)
    await step(rewritten, 'done').waitFor()
    expect(await login(email, PASSWORD)).toBe('SUCCESS')
  })

  test('where the link answers a reset token, the password is chosen next', async () => {
    const { email, page: reset } = await resetting()
    const resetToken = await heldToken(reset)
    const page = await window.context.newPage()
    await page.route('**/graphql', (route, request) => {
      const asked = (request.postDataJSON() as { query: string }).query
      // An instance of an earlier release answers, which does not know the field.
      const errors = [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }]
      if (asked.includes('ConfirmResetSuccess')) return route.fulfill({ status: 400, json: { errors } })
      if (!asked.includes('verifyEmail')) return route.continue()
      const verifyEmail = { __typename: 'VerifyEmailSuccess', email, resetToken }
      return route.fulfill({ json: asked.includes('resetToken') ? { data: { verifyEmail } } : {} })
    })
    await page.goto(`${app.config.publicUrl}/verify-email#token=${'A'.repeat(43)}`)
    await submit(page)
    await page.getByLabel('New password').fill(NEW_PASSWORD)
    expect(page.url()).toBe(`${app.config.publicUrl}/reset-password`)
    expect(await page.locator('[autocomplete=username]').inputValue()).toBe(email)
    await submit(page)
    await step(page, 'done').waitFor()
    expect(await login(email, NEW_PASSWORD)).toBe('SUCCESS')
    expect((await window.complaints()).filter((complaint) => !complaint.includes('status of 400'))).toEqual([])
  })

  test.each(MAILED_PAGES.filter((path) => path !== '/login-code'))(
    '%s: a broken link and one without a token explain themselves',
    async (path) => {
      const page = await window.context.newPage()
      await page.goto(`${app.config.publicUrl}${path}`)
      await step(page, ['/verify-email', '/reset-password'].includes(path) ? 'ask' : 'invalid').waitFor()
      await page.goto(`${app.config.publicUrl}${path}#token=AAAA`) // a new fragment alone loads nothing by itself
      await step(page, 'ready').waitFor()
      if (path === '/reset-password') await page.getByLabel('New password').fill(NEW_PASSWORD)
      await submit(page)
      await step(page, 'invalid').waitFor()
      expect(await window.complaints()).toEqual([])
    },
  )

  test('whoever comes without a link gets one by their address', async () => {
    const email = someone()
    const page = await window.context.newPage()
    await page.goto(`${app.config.publicUrl}/reset-password`)
    await page.getByRole('heading', { name: 'Forgot your password?' }).waitFor()
    await page.getByRole('button', { name: 'Send the link' }).click()
    await page.getByText('Please enter your email address.').waitFor()
    await page.getByLabel('Email address').and(page.locator(':visible')).fill(email)
    await submit(page)
    await step(page, 'sent').waitFor()
    expect(await page.textContent('main')).toContain(email)
  })

  test('opening a link asks the server for nothing, and the address bar forgets its token at once', async () => {
    const { page } = await registered()
    const asked: string[] = []
    page.on('request', (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`))
    expect(page.url()).toBe(`${app.config.publicUrl}/verify-email`)
    await page.reload() // as a phone does that dropped the page meanwhile
    await step(page, 'ready').waitFor()
    expect(asked).not.toContain('POST /graphql')
    await submit(page)
    await step(page, 'done').waitFor()
    expect(await heldToken(page)).toBe('')
  })

  test('a link is followed by keyboard alone, and each news takes the focus', async () => {
    const { page } = await registered()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await step(page, 'done').waitFor()
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Your address is confirmed')
    expect(await page.title()).toContain('Your address is confirmed')
  })

  test('without a connection the page says so, and the button works once it is back', async () => {
    const { page } = await registered()
    await window.context.setOffline(true)
    await submit(page)
    await page.getByRole('alert').filter({ hasText: 'check your connection' }).waitFor()
    await window.context.setOffline(false)
    await submit(page)
    await step(page, 'done').waitFor()
  })

  test('a spent budget is told with the time to wait, in the language of the page', async () => {
    const SUPPORT_URL = 'https://example.com/help'
    const limited = await another({ RATE_LIMITS: 'on', NODE_ENV: 'test', SUPPORT_URL })
    const german = await anotherWindow({ locale: 'de-CH' })
    await german.page.goto(`${limited.config.publicUrl}/verify-email`)
    for (let asked = 0; asked < 5; asked++) await call(limited.url, 'resendVerification', { email: 'ada@example.com' })
    await shown(german.page).getByLabel('E-Mail-Adresse').fill('ada@example.com')
    await submit(german.page)
    await german.page
      .getByRole('alert')
      .filter({ hasText: /Bitte warten Sie .*(Minute|Stunde)/ })
      .getByRole('link', { name: 'Support kontaktieren' })
      .waitFor()
  })

  test('without JavaScript a page says what it needs', async () => {
    const { page } = await anotherWindow({ javaScriptEnabled: false, locale: 'en' })
    await page.goto(`${app.config.publicUrl}/verify-email`)
    expect(await page.locator('main').innerText()).toContain('needs JavaScript')
  })

  // Contrast depends on the scheme, order on the direction; what another language changes is how long the texts are.
  test.each([
    ['en', 'light'],
    ['ar', 'dark'],
  ] as const)('every step of every page is accessible: in %s, %s', async (locale, colorScheme) => {
    const { page, complaints } = await anotherWindow({ viewport: PHONE, locale, colorScheme })
    for (const path of MAILED_PAGES) {
      await page.goto(`${app.config.publicUrl}${path}#token=AAAA`)
      expect(await flawsOfSteps(page, flaws)).toEqual([])
    }
    expect(await complaints()).toEqual([])
  })

  test.each(LOCALES.map((locale) => [locale]))('every step of every page fits 320 px: in %s', async (locale) => {
    const { page, complaints } = await anotherWindow({ viewport: PHONE, locale })
    for (const path of MAILED_PAGES) {
      await page.goto(`${app.config.publicUrl}${path}#token=AAAA`)
      expect(await page.locator('html').getAttribute('lang')).toBe(locale)
      expect(await flawsOfSteps(page, overflow)).toEqual([])
    }
    expect(await complaints()).toEqual([])
  })

  test('the inbox page is accessible with a mail and without, in each view, and fits 320 px', async () => {
    const empty = await another()
    const { page, complaints } = await anotherWindow({ viewport: PHONE, colorScheme: 'dark' })
    await page.goto(`${empty.config.publicUrl}/dev/inbox`)
    expect(await flaws(page)).toEqual([])
    const email = someone()
    await call(empty.url, 'register', { email, password: PASSWORD })
    await page.locator('iframe').waitFor() // by itself
    expect(await flaws(page)).toEqual([])
    for (const [view, content] of [
      ['Text', '/verify-email#token='],
      ['Source', `To: ${email}`],
    ] as const) {
      await page.getByRole('link', { name: view }).click()
      await page.locator('pre', { hasText: content }).waitFor()
      expect(await flaws(page)).toEqual([])
    }
    expect(await complaints()).toEqual([])
  })
})

/** What `check` finds in each step of a page, shown one after another. */
async function flawsOfSteps(page: Page, check: (page: Page) => Promise<string[]>): Promise<string[]> {
  const names = await page.evaluate<string[]>(
    "[...document.querySelectorAll('section')].map(({ dataset }) => dataset.step)",
  )
  const found: string[] = []
  for (const name of names) {
    await page.evaluate(`show('${name}', 'a.rather.long.address.of.somebody@subdomain.example.com')`)
    for (const flaw of await check(page)) found.push(`${name}: ${flaw}`)
  }
  return found
}
