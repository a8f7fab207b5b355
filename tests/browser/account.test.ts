import { gzipSync } from 'node:zlib'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { type Watched, describeInBrowser, flaws, launchBrowser, openWatched, overflow, startInboxApp } from './support'
import { ACCOUNT_SCRIPT } from '../../src/generated/accountScript'
import { LOCALES } from '../../src/generated/locales'
import type { TestApp } from '../support/app'
import { NEW_PASSWORD, PASSWORD, someone, verifiedPerson } from '../support/people'
import { Authenticator } from '../support/totp'

const MINUTE = 60_000
const DESKTOP = { width: 1280, height: 800 }
const PHONE = { width: 320, height: 640 }

describeInBrowser('the account page', () => {
  let app: TestApp
  let browser: Browser
  const opened: Watched[] = []
  beforeAll(async () => {
    app = await startInboxApp({ LOGIN_CODE: 'on', SUPPORT_URL: 'mailto:support@example.com' })
    browser = await launchBrowser()
  })
  afterAll(async () => {
    await browser.close()
    await app.close()
  })
  afterEach(async () => {
    for (const { context } of opened.splice(0)) await context.close()
  })

  async function open(path = '/account', options: BrowserContextOptions = {}): Promise<Watched> {
    const window = await openWatched(browser, { viewport: DESKTOP, locale: 'en', ...options })
    opened.push(window)
    await window.page.goto(app.config.publicUrl + path)
    return window
  }

  /** The newest mail to an address whose subject matches, as the development inbox shows it. */
  async function mail(to: string, subject: RegExp): Promise<string> {
    for (;;) {
      const query = `{ devInbox(to: "${to}") { subject text } }`
      const answer = await fetch(`${app.url}/graphql`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) },
      })
      const { data } = (await answer.json()) as { data: { devInbox: { subject: string; text: string }[] } }
      const found = data.devInbox.find((one) => subject.test(one.subject))
      if (found) return found.text
    }
  }
  const codeIn = (text: string) => /^(\d{4} \d{4})$/m.exec(text)?.[1] ?? ''

  const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 }).waitFor()
  const notice = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text }).waitFor()
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
  const panel = (page: Page, name: string) =>
    page.locator('details.panel', { has: page.getByRole('heading', { name }) })
  const openPanel = (page: Page, name: string) => panel(page, name).locator('summary').first().click()

  async function fillSignIn(page: Page, email: string, password = PASSWORD): Promise<void> {
    await page.getByLabel('Email address').fill(email)
    await page.getByLabel('Password', { exact: true }).fill(password)
    await press(page, 'Sign in')
  }
  async function signedIn(options: BrowserContextOptions = {}): Promise<Watched & { email: string }> {
    const email = await verifiedPerson(app)
    const window = await open('/account', options)
    await fillSignIn(window.page, email)
    await heading(window.page, 'Your account')
    return { ...window, email }
  }
  async function withAuthenticator(page: Page): Promise<Authenticator> {
    await openPanel(page, 'Authenticator app')
    await press(page, 'Set up')
    return confirmAuthenticator(page)
  }
  async function confirmAuthenticator(page: Page): Promise<Authenticator> {
    const authenticator = new Authenticator((await page.locator('.key').innerText()).replaceAll(' ', ''), app)
    expect(await page.getByRole('img', { name: 'QR code' }).isVisible()).toBe(true)
    await page.getByLabel('Code from your authenticator app').fill(authenticator.code())
    await press(page, 'Confirm')
    await notice(page, 'Your app is set up')
    return authenticator
  }

  describe.each([
    ['a desktop', DESKTOP],
    ['a phone of 320 px', PHONE],
  ])('on %s', (_name, viewport) => {
    test('a person signs up by the mailed code, adds a second factor, signs in with it and deletes the account', async () => {
      const { page, complaints } = await open('/account', { viewport })
      const email = someone()
      await page.getByRole('link', { name: 'Create an account' }).click()
      await page.getByLabel('Email address').fill(email)
      await page.getByLabel('Password', { exact: true }).fill('short')
      await press(page, 'Create an account')
      await page.getByText('Please use at least 8 characters').waitFor()
      expect(await page.evaluate('document.activeElement.name')).toBe('password')
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
      await press(page, 'Create an account')
      await heading(page, 'Confirm your email address')
      await page.getByLabel('Code').fill(codeIn(await mail(email, /Confirm/)))
      await press(page, 'Confirm')
      await notice(page, 'Your address is confirmed')
      await page.getByLabel('Password', { exact: true }).fill(PASSWORD) // the address is filled in
      await press(page, 'Sign in')
      await heading(page, 'Your account')

      const authenticator = await withAuthenticator(page)
      expect(await page.locator('.codes li').count()).toBe(10)
      await press(page, 'I have saved them')
      await press(page, 'Sign out')
      await notice(page, 'You have been signed out')

      await fillSignIn(page, email)
      await heading(page, 'One more step')
      await page.reload() // as a phone does when its owner comes back from the app
      await page.getByLabel('Code from your authenticator app').fill(authenticator.wrongCode())
      await press(page, 'Sign in')
      await page.getByRole('alert').filter({ hasText: /code/i }).first().waitFor()
      await page.getByLabel('Code from your authenticator app').fill(authenticator.nextCode())
      await press(page, 'Sign in')
      await heading(page, 'Your account')

      await openPanel(page, 'Delete account')
      await panel(page, 'Delete account').getByLabel('Password', { exact: true }).fill(PASSWORD)
      await press(page, 'Delete permanently')
      await notice(page, 'Your account has been deleted')
      expect(await overflow(page)).toEqual([])
      expect(await complaints()).toEqual([])
    })
  })

  test.each([
    ['the list of the address field', true],
    ['the button', false],
  ])('a passkey is added, signs in by %s, is renamed and removed', async (_by, suggests) => {
    const { page, context, complaints, email } = await signedIn()
    // A virtual authenticator chooses its one passkey out of the list at once.
    const switchOff = 'PublicKeyCredential.isConditionalMediationAvailable = async () => false'
    if (!suggests) await page.evaluate(switchOff)
    const cdp = await context.newCDPSession(page)
    await cdp.send('WebAuthn.enable')
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        ...{ protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true },
        ...{ hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
      },
    })
    await openPanel(page, 'Passkeys')
    await press(page, 'Add a passkey')
    await notice(page, 'Your passkey has been added')
    await press(page, 'I have saved them')
    await press(page, 'Sign out')
    if (!suggests) await press(page, 'Sign in with a passkey')
    await page.locator('.notice:empty').waitFor({ state: 'attached' }) // that of the account page, not of the one before
    await heading(page, 'Your account')

    // The password manager shows the present address and name beside the passkey.
    const shown = async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials[0]
    await openPanel(page, 'Profile')
    await panel(page, 'Profile').getByLabel('Name').fill('Ada')
    await press(page, 'Save')
    while ((await shown())?.userDisplayName !== 'Ada') await page.waitForTimeout(20)
    expect((await shown())?.userName).toBe(email)

    await openPanel(page, 'Passkeys')
    await page.getByText('Change', { exact: true }).click()
    await panel(page, 'Passkeys').getByLabel('Name').fill('The laptop')
    await press(page, 'Rename')
    await page.getByText('The laptop').waitFor()
    await press(page, 'Remove')
    await notice(page, 'It has been removed')
    expect(await panel(page, 'Passkeys').locator('li').count()).toBe(0)
    expect(await complaints()).toEqual([])
  })

  test('the link of a mailed code signs in with one click in the browser that asked, and in no other', async () => {
    const email = await verifiedPerson(app)
    const { page, context } = await open()
    await page.getByRole('link', { name: 'Sign in with a code by email' }).click()
    await page.getByLabel('Email address').fill(email)
    await press(page, 'Send code')
    await heading(page, 'Enter your code')
    const link = /https?:\/\/\S+#code=\d{8}/.exec(await mail(email, /code/i))?.[0] ?? ''
    const stranger = await open('/account')
    await stranger.page.goto(link)
    expect(await stranger.page.getByRole('link', { name: 'Sign in' }).count()).toBe(0)

    const tab = await context.newPage()
    await tab.goto(link)
    await tab.getByRole('link', { name: 'Sign in' }).click()
    await heading(tab, 'Enter your code')
    expect(tab.url()).not.toContain('#')
    await press(tab, 'Sign in')
    await heading(tab, 'Your account')
  })

  test('what needs a fresh proof asks for it, and goes on where it was', async () => {
    const { page, email } = await signedIn()
    const dialog = page.getByRole('dialog', { name: 'Please confirm that it is you' })
    app.clock.pass(11 * MINUTE)
    await openPanel(page, 'Authenticator app')
    await press(page, 'Set up')
    await dialog.getByLabel('Password', { exact: true }).fill(PASSWORD)
    expect(await dialog.locator('[autocomplete=username]').inputValue()).toBe(email)
    await dialog.getByRole('button', { name: 'Confirm' }).click()
    const authenticator = await confirmAuthenticator(page)
    app.clock.pass(11 * MINUTE)
    await panel(page, 'Authenticator app').getByRole('button', { name: 'Remove' }).click()
    await dialog.getByLabel('Code from your authenticator app').fill(authenticator.code())
    await dialog.getByRole('button', { name: 'Confirm' }).click()
    await notice(page, 'It has been removed')
  })

  test('name, language, password and address are changed', async () => {
    const { page, email } = await signedIn()
    await openPanel(page, 'Profile')
    await page.getByLabel('Name').fill('Ada')
    await page.getByLabel('Language of our emails').selectOption('fr')
    await press(page, 'Save')
    await notice(page, 'Your changes have been saved')
    await openPanel(page, 'Password')
    await page.getByLabel('Current password').fill(PASSWORD)
    await page.getByLabel('New password').fill(NEW_PASSWORD)
    await press(page, 'Change password')
    await notice(page, 'Your password has been changed')
    await mail(email, /mot de passe/)
    const newEmail = someone()
    await openPanel(page, 'Email address')
    await page.getByLabel('New email address').fill(newEmail)
    await panel(page, 'Email address').getByLabel('Password', { exact: true }).fill(NEW_PASSWORD)
    await press(page, 'Change address')
    await notice(page, `sent to ${newEmail}`)
    expect(await mail(newEmail, /./)).toContain('/confirm-email-change#token=')
  })

  test('a forgotten password is answered alike for every address', async () => {
    const { page } = await open('/account/forgot')
    await page.getByLabel('Email address').fill(someone())
    await press(page, 'Send link')
    await heading(page, 'Check your inbox')
  })

  test('other devices are signed out, and another tab follows a sign-out and a sign-in', async () => {
    const { page, context, email } = await signedIn()
    const phone = await open('/account', { viewport: PHONE })
    await fillSignIn(phone.page, email)
    await heading(phone.page, 'Your account')
    const tab = await context.newPage()
    await tab.goto(`${app.config.publicUrl}/account`)
    await heading(tab, 'Your account')
    await openPanel(tab, 'Devices')
    await press(tab, 'Sign out all other devices')
    await notice(tab, 'All other devices have been signed out')
    await phone.page.reload()
    await heading(phone.page, 'Sign in')
    await press(tab, 'Sign out')
    await heading(page, 'Sign in')
    await fillSignIn(tab, email)
    await heading(page, 'Your account')
  })

  test('without a connection nothing is lost, and the button works once it is back', async () => {
    const email = await verifiedPerson(app)
    const { page, context } = await open()
    await heading(page, 'Sign in')
    await context.setOffline(true)
    await fillSignIn(page, email)
    const problem = page.getByRole('alert').filter({ hasText: 'check your connection' })
    await problem.getByRole('link', { name: 'Contact support' }).waitFor()
    await context.setOffline(false)
    await press(page, 'Sign in')
    await heading(page, 'Your account')
  })

  test('the button of every view is above the fold of a small phone, in a language of long words too', async () => {
    const { page } = await open('/account', { viewport: { width: 375, height: 667 }, locale: 'de' })
    for (const view of ['', '/sign-up', '/forgot', '/code', '/second-step', '/verify']) {
      await page.goto(`${app.config.publicUrl}/account${view}`)
      const box = await page.locator('form .button').first().boundingBox()
      expect([view, (box?.y ?? 667) + (box?.height ?? 0) < 667]).toEqual([view, true])
    }
  })

  test.each([
    ['en', 'light'],
    ['ar', 'dark'],
  ] as const)('every view is accessible: in %s, %s', async (locale, colorScheme) => {
    const email = await verifiedPerson(app)
    const { page, complaints } = await open('/account', { viewport: PHONE, locale, colorScheme })
    for (const view of ['', '/sign-up', '/forgot', '/code', '/second-step', '/verify']) {
      await page.goto(`${app.config.publicUrl}/account${view}`)
      await page.locator('form').first().waitFor()
      expect([view, await flaws(page)]).toEqual([view, []])
    }
    await page.goto(`${app.config.publicUrl}/account`)
    await page.locator('input[type=email]').fill(email)
    await page.locator('input[type=password]').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.locator('details.panel').first().waitFor()
    for (const summary of await page.locator('details.panel > summary').all()) await summary.press('Enter')
    expect(await flaws(page)).toEqual([])
    expect(await complaints()).toEqual([])
  })

  test.each(LOCALES.map((locale) => [locale]))('fits 320 px, signed in with everything open: in %s', async (locale) => {
    const email = await verifiedPerson(app)
    const { page } = await open('/account', { viewport: PHONE, locale })
    expect(await page.locator('html').getAttribute('lang')).toBe(locale)
    await page.locator('input[type=email]').fill(email)
    await page.locator('input[type=password]').fill(PASSWORD)
    await page.keyboard.press('Enter')
    await page.locator('details.panel').first().waitFor()
    await page.evaluate("for (const panel of document.querySelectorAll('details')) panel.open = true")
    expect(await overflow(page)).toEqual([])
  })

  test('the front page lists what there is, and each link works', async () => {
    const { page } = await open('/')
    const links = await page.evaluate<string[]>(
      "[...document.querySelectorAll('main a')].map((a) => a.getAttribute('href'))",
    )
    const programs = [
      '/api/openapi.json',
      '/.well-known/openid-configuration',
      '/.well-known/jwks.json',
      '/health/ready',
    ]
    expect(links).toEqual(['/account', ...programs, '/graphql', '/dev/inbox', '/metrics'])
    for (const link of links) {
      const { status } = await fetch(app.url + link, { headers: { accept: 'text/html' } })
      expect([link, status]).toEqual([link, 200])
    }
    expect(await flaws(page)).toEqual([])
  })
})

test('its script stays below 40 kB', () => {
  expect(gzipSync(ACCOUNT_SCRIPT).length).toBeLessThan(40_000)
})
