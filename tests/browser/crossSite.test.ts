import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Browser, type Page } from 'playwright-core'
import { describeInBrowser, launchBrowser, startInboxApp } from './support'
import type { TestApp } from '../support/app'
import { PASSWORD, verifiedPerson } from '../support/people'

describeInBrowser('an app whose page is served by another port', () => {
  let app: TestApp
  let browser: Browser
  let page: Page
  const pages = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<p>app</p>'))

  beforeAll(async () => {
    app = await startInboxApp()
    browser = await launchBrowser()
    page = await browser.newPage()
    pages.listen(0)
    await once(pages, 'listening')
  })
  afterAll(async () => {
    await browser.close()
    pages.close()
    await app.close()
  })

  const open = (host: string) => page.goto(`http://${host}:${(pages.address() as AddressInfo).port}/`)

  /** What a script of the page gets from a route of the server. */
  function ask(route: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
    return page.evaluate(
      async ([url, json]) => {
        const response = await fetch(url, {
          ...{ method: 'POST', credentials: 'include', body: json },
          headers: { 'content-type': 'application/json' },
        })
        return { status: response.status, body: (await response.json()) as Record<string, unknown> }
      },
      [`${app.config.publicUrl}/api/auth/${route}`, JSON.stringify(body)] as const,
    )
  }

  test('keeps its session by the cookie under localhost, and under 127.0.0.1 is told why it cannot', async () => {
    const email = await verifiedPerson(app)
    const input = { email, password: PASSWORD, transport: 'COOKIE' }
    await open('localhost')
    expect((await ask('login', input)).status).toBe(200)
    await page.reload()
    expect((await ask('refresh', {})).status).toBe(200)

    await open('127.0.0.1')
    const refused = await ask('login', input)
    expect(refused.status).toBe(400)
    expect(JSON.stringify(refused.body)).toContain('localhost and 127.0.0.1 are two sites')
    expect((await ask('login', { email, password: PASSWORD })).status).toBe(200)
  })
})
