import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { LOCALES } from '../../src/generated/locales'
import { type PagesApp, describeInBrowser, followMail, launchBrowser, openWatched, startPagesApp } from './support'

const HOUR = 3_600_000
const PASSWORD = 'violet tractor seven moons'
const NEW_PASSWORD = 'eleven quiet lanterns drift'
const DESKTOP = { width: 1280, height: 800 }
const PHONE = { width: 320, height: 640 }
const VERIFY = /Confirm your email/
const RESET = /new password/i

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')

/** The step that a hosted page shows. */
const step = (page: Page, name: string) => page.locator(`section[data-step="${name}"]:not([hidden])`)
const button = (page: Page) => page.locator('section:not([hidden]) button')

describeInBrowser('the pages behind mailed links', () => {
  let app: PagesApp
  let browser: Browser
  let people = 0

  beforeAll(async () => {
    ;[app, browser] = await Promise.all([startPagesApp(), launchBrowser()])
  })
  afterAll(async () => {
    await browser.close()
    await app.close()
  })

  const login = (email: string, password: string) => app.call('login', { email, password })

  async function register(): Promise<string> {
    const email = `person${++people}@example.com`
    expect((await app.call('register', { email, password: PASSWORD })).__typename).toBe('RegisterSuccess')
    return email
  }

  async function inboxWindow(viewport = DESKTOP) {
    const watched = await openWatched(browser, { viewport, locale: 'en' })
    await watched.page.goto(`${app.url}/dev/inbox`)
    return watched
  }

  test.each([
    ['a desktop', DESKTOP],
    ['a phone', PHONE],
  ])('on %s: register, open the mail, press the button, log in', async (_name, viewport) => {
    const window = await inboxWindow(viewport)
    const email = await register()
    await window.page.locator('#mails a', { hasText: email }).waitFor() // the open page shows it by itself
    const page = await followMail(window, VERIFY)
    expect((await login(email, PASSWORD)).__typename).toBe('EmailNotVerifiedError')
    await button(page).click()
    await step(page, 'done').waitFor()
    expect(await page.locator('section:not([hidden])').innerText()).toContain(email)
    expect((await login(email, PASSWORD)).__typename).toBe('LoginSuccess')
    expect(await window.complaints()).toEqual([])
    await window.context.close()
  })
})
