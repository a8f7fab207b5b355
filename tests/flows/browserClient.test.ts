import { runInNewContext } from 'node:vm'
import { type TestApp, startTestApp } from '../support/app'
import { testedCode } from '../support/documents'
import { PASSWORD, verifiedPerson } from '../support/people'

interface Client {
  logIn: (email: string, password: string) => Promise<{ email: string }>
  refresh: () => Promise<boolean>
  logOut: () => Promise<void>
  token: () => string | null
}

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

/** The client of docs/how-to/browser-without-package.md in a browser: its cookies, and what answers instead of the server. */
function browser() {
  const script = testedCode('docs/how-to/browser-without-package.md', 'browser')
  let cookie = ''
  let instead: (() => Promise<Response>) | null = null
  const fetchWithCookies = async (url: string, init: RequestInit): Promise<Response> => {
    if (instead) return instead()
    const response = await fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), cookie } })
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
    return response
  }
  /** The page as it is after it was loaded (again). */
  const load = () =>
    runInNewContext(
      `${script.replace('https://auth.example.com', app.url)}; ({ logIn, refresh, logOut, token: () => accessToken })`,
      { fetch: fetchWithCookies },
    ) as Client
  return { load, answerWith: (answer: typeof instead) => (instead = answer) }
}

test('logs in, keeps the session when the page is loaded again, and logs out', async () => {
  const { load } = browser()
  const email = await verifiedPerson(app)
  const page = load()
  expect(await page.refresh()).toBe(false)
  expect(await page.logIn(email, PASSWORD)).toMatchObject({ email })
  const reloaded = load()
  expect(await reloaded.refresh()).toBe(true)
  expect(reloaded.token()).toMatch(/^ey/)
  await reloaded.logOut()
  expect(reloaded.token()).toBeNull()
  expect(await load().refresh()).toBe(false)
})

test('a wrong password is told by its code', async () => {
  await expect(
    browser()
      .load()
      .logIn(await verifiedPerson(app), 'not this one'),
  ).rejects.toMatchObject({
    code: 'INVALID_CREDENTIALS',
  })
})

test('logs out after the access token has expired', async () => {
  const { load } = browser()
  const page = load()
  await page.logIn(await verifiedPerson(app), PASSWORD)
  app.clock.pass(25 * 3_600_000)
  await page.logOut()
  expect(await load().refresh()).toBe(false)
})

test.each([
  ['429', () => Promise.resolve(Response.json({ error: { code: 'RATE_LIMITED', message: 'wait' } }, { status: 429 }))],
  ['503', () => Promise.resolve(Response.json({ error: { code: 'SERVICE_UNAVAILABLE' } }, { status: 503 }))],
  ['a proxy’s page', () => Promise.resolve(new Response('<h1>502 Bad Gateway</h1>', { status: 502 }))],
  ['a page with status 200', () => Promise.resolve(new Response('<h1>Wi-Fi login</h1>'))],
  ['a dead network', () => Promise.reject(new TypeError('fetch failed'))],
])('%s logs nobody out', async (_name, answer) => {
  const { load, answerWith } = browser()
  await load().logIn(await verifiedPerson(app), PASSWORD)
  const page = load()
  answerWith(answer)
  await expect(page.refresh()).rejects.toThrow()
  answerWith(null)
  expect(await page.refresh()).toBe(true)
})
