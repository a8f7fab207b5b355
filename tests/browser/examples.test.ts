import type { Browser, Page } from 'playwright-core'
import { describeInBrowser, launchBrowser, openWatched } from './support'
import { freePort } from '../../src/lib/freePort'
import { type TestApp, codeOf, startTestApp } from '../support/app'
import { PASSWORD, someone } from '../support/people'
import { TestProcess } from '../support/process'

describeInBrowser('examples/react-spa, started by its one command', () => {
  let app: TestApp
  let browser: Browser
  let example: TestProcess
  let origin: string
  beforeAll(async () => {
    app = await startTestApp()
    browser = await launchBrowser()
    const port = await freePort('127.0.0.1')
    origin = `http://localhost:${port}`
    example = new TestProcess({
      ...{ command: 'npm', args: ['run', 'example:react-spa', '--', '--port', String(port), '--strictPort'] },
      ...{ env: { VITE_GATEHOUSE_URL: app.config.publicUrl, NO_COLOR: '1' }, group: true },
    })
    await example.until(() => (example.ending ?? example.output.includes(origin)) || undefined)
  })
  afterAll(async () => {
    await browser.close()
    await example.stop()
    await app.close()
  })

  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
  async function fill(page: Page, fields: Record<string, string>): Promise<void> {
    for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value)
  }

  test('a person signs up, logs in, reloads, opens a second tab and logs out in both', async () => {
    const { page, context, complaints } = await openWatched(browser, { locale: 'en' })
    const email = someone()
    await page.goto(origin)
    await press(page, 'I am new here')
    await fill(page, { 'Email address': email, Password: 'short' })
    await press(page, 'Sign up')
    await page.getByRole('alert').filter({ hasText: /./ }).waitFor()
    await fill(page, { Password: PASSWORD })
    await press(page, 'Sign up')
    await fill(page, { 'Code in our mail': codeOf(await app.mail(email)) })
    await press(page, 'Confirm')
    await fill(page, { 'Email address': email, Password: PASSWORD })
    await press(page, 'Log in')
    await page.getByText(`You are ${email}. Devices: 1.`).waitFor()

    await page.reload()
    await page.getByText(`You are ${email}`).waitFor()
    const tab = await context.newPage()
    await tab.goto(origin)
    await tab.getByText(`You are ${email}`).waitFor()
    await press(tab, 'Log out')
    await page.getByRole('button', { name: 'Log in', exact: true }).waitFor()
    expect((await complaints()).filter((one) => /^(?:console|script)/.test(one))).toEqual([])
    expect(example.output).not.toContain('reloading') // a dependency that Vite had not found at its start

    await context.route('**/graphql', (route) => route.abort())
    await page.reload()
    await page.getByRole('button', { name: 'Try again' }).waitFor()
    await context.unroute('**/graphql')
    await press(page, 'Try again')
    await page.getByRole('button', { name: 'Log in', exact: true }).waitFor()
    await context.close()
  })
})
