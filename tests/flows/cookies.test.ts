import { type TestApp, startTestApp } from '../support/app'
import { type Answer, type CallOptions, DOORS, type LoggedIn, call, me, rest } from '../support/client'
import { PASSWORD, verifiedPerson } from '../support/people'

const NAME = '__Host-gatehouse_refresh'
const ORIGIN = 'https://app.example.com'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ env: { PUBLIC_URL: 'https://auth.example.com', CORS_ORIGINS: ORIGIN } })
})
afterAll(() => app.close())

const setCookie = ({ headers }: Answer) => headers.get('set-cookie')
/** What a browser sends back of the cookie that it was given. */
const cookieOf = (answer: Answer) => setCookie(answer)?.split(';')[0] ?? ''
const withCookie = (cookie: string, headers: Record<string, string> = {}): CallOptions => ({
  headers: { cookie, ...headers },
})

/** Logs a browser in. */
async function browser(door: typeof call = call, email?: string) {
  const person = email ?? (await verifiedPerson(app))
  const answer = await door(app.url, 'login', { email: person, password: PASSWORD, transport: 'COOKIE' })
  const { tokens } = answer.data as unknown as LoggedIn
  return { answer, email: person, cookie: cookieOf(answer), accessToken: tokens.accessToken }
}

describe.each(DOORS)('the refresh cookie by %s', (_name, door) => {
  test('is out of reach of scripts, other sites and other hosts, and its token is not in the body', async () => {
    const { answer, cookie } = await browser(door)
    expect(answer.code).toBe('SUCCESS')
    const [pair = '', ...attributes] = (setCookie(answer) ?? '').split('; ')
    expect(pair).toMatch(new RegExp(`^${NAME}=[\\w-]{43}$`))
    expect(attributes.map((text) => text.replace(/=.*GMT$/, '')).sort()).toEqual(
      ['Expires', 'HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure'].sort(),
    )
    const { tokens } = answer.data as unknown as LoggedIn
    expect(tokens.refreshToken).toBeNull()
    expect(answer.text).not.toContain(cookie.split('=')[1])
    const expires = /Expires=([^;]+)/.exec(setCookie(answer) ?? '')?.[1] ?? ''
    expect(Math.abs(Date.parse(expires) - Date.parse(tokens.refreshTokenExpiresAt))).toBeLessThan(1_000)
  })

  test('of an earlier login is replaced by another one in the same browser, and its session ends', async () => {
    const first = await browser()
    const otherPerson = await verifiedPerson(app)
    const input = { email: otherPerson, password: PASSWORD, transport: 'COOKIE' }
    const second = await door(app.url, 'login', input, withCookie(first.cookie))
    expect(second.code).toBe('SUCCESS')
    expect(await me(app.url, { token: first.accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await door(app.url, 'refreshSession', undefined, withCookie(first.cookie))).toMatchObject({
      code: 'INVALID_TOKEN',
    })
    expect(await door(app.url, 'refreshSession', undefined, withCookie(cookieOf(second)))).toMatchObject({
      code: 'SUCCESS',
    })
  })

  test('that was replaced by a refresh still names the session that another login ends', async () => {
    const { cookie, email } = await browser()
    const refreshed = await door(app.url, 'refreshSession', undefined, withCookie(cookie))
    await door(app.url, 'login', { email, password: PASSWORD, transport: 'COOKIE' }, withCookie(cookie))
    const { tokens } = refreshed.data as unknown as LoggedIn
    expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('goes where another login answers its tokens in the body', async () => {
    const { cookie, email } = await browser()
    const answer = await door(app.url, 'login', { email, password: PASSWORD }, withCookie(cookie))
    expect((answer.data as unknown as LoggedIn).tokens.refreshToken).toMatch(/^[\w-]{43}$/)
    expect(setCookie(answer)).toMatch(/Max-Age=0/)
  })

  test('stays where another login is refused', async () => {
    const { cookie, email, accessToken } = await browser()
    const answer = await door(app.url, 'login', { email, password: 'wrong tractor' }, withCookie(cookie))
    expect(answer.code).toBe('INVALID_CREDENTIALS')
    expect(setCookie(answer)).toBeNull()
    expect(await me(app.url, { token: accessToken })).toMatchObject({ code: 'SUCCESS' })
  })

  test('refreshes, and is replaced', async () => {
    const { cookie, email } = await browser()
    const answer = await door(app.url, 'refreshSession', undefined, withCookie(cookie, { origin: ORIGIN }))
    expect(answer.code).toBe('SUCCESS')
    const { tokens } = answer.data as unknown as LoggedIn
    expect(tokens.refreshToken).toBeNull()
    expect(cookieOf(answer)).toMatch(new RegExp(`^${NAME}=`))
    expect(cookieOf(answer)).not.toBe(cookie)
    expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ data: { email } })
    expect(await door(app.url, 'refreshSession', {}, withCookie(cookieOf(answer)))).toMatchObject({ code: 'SUCCESS' })
  })

  test('a token in the body goes before the one in the cookie, and stays in the body', async () => {
    const { cookie } = await browser()
    const email = await verifiedPerson(app)
    const { data } = await call(app.url, 'login', { email, password: PASSWORD })
    const { refreshToken } = (data as unknown as LoggedIn).tokens
    const answer = await door(app.url, 'refreshSession', { refreshToken }, withCookie(cookie))
    expect(setCookie(answer)).toBeNull()
    expect((answer.data as unknown as LoggedIn).tokens.refreshToken).toMatch(/^[\w-]{43}$/)
  })

  test.each([
    'https://evil.example',
    'null',
    'https://app.example.com.evil.example',
    'https://xapp.example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
  ])('is not read for a page of %s', async (origin) => {
    const { cookie } = await browser()
    const answer = await door(app.url, 'refreshSession', undefined, withCookie(cookie, { origin }))
    expect(answer.code).toBe('INVALID_TOKEN')
    expect(setCookie(answer)).toBeNull()
    // It was not used up either.
    expect(await door(app.url, 'refreshSession', undefined, withCookie(cookie))).toMatchObject({ code: 'SUCCESS' })
  })

  test('a refused refresh never clears it: a newer login may have set it meanwhile', async () => {
    const { cookie, accessToken } = await browser()
    await call(app.url, 'logout', undefined, { token: accessToken })
    for (const dead of [cookie, `${NAME}=x`, `${NAME}=${'A'.repeat(43)}`]) {
      const answer = await door(app.url, 'refreshSession', undefined, withCookie(dead))
      expect(answer.code).toBe('INVALID_TOKEN')
      expect(setCookie(answer)).toBeNull()
    }
  })

  test('logout clears it', async () => {
    const { cookie, accessToken } = await browser()
    const answer = await door(app.url, 'logout', undefined, { token: accessToken, ...withCookie(cookie) })
    expect(setCookie(answer)).toMatch(
      new RegExp(`^${NAME}=; Max-Age=0; Path=/; Expires=Thu, 01 Jan 1970.*HttpOnly; Secure`),
    )
    expect(await door(app.url, 'refreshSession', undefined, withCookie(cookie))).toMatchObject({
      code: 'INVALID_TOKEN',
    })
  })

  test('logout clears it also where the session has moved on to another token', async () => {
    const { cookie, accessToken } = await browser()
    await call(app.url, 'refreshSession', undefined, withCookie(cookie))
    const answer = await door(app.url, 'logout', undefined, { token: accessToken, ...withCookie(cookie) })
    expect(setCookie(answer)).toMatch(/Max-Age=0/)
  })

  test('logout of an older session leaves the cookie of a newer one', async () => {
    const older = await browser()
    const newer = await browser(call, older.email)
    const answer = await door(app.url, 'logout', undefined, { token: older.accessToken, ...withCookie(newer.cookie) })
    expect(answer.code).toBe('SUCCESS')
    expect(setCookie(answer)).toBeNull()
    expect(await door(app.url, 'refreshSession', undefined, withCookie(newer.cookie))).toMatchObject({
      code: 'SUCCESS',
    })
  })

  test('logout without a cookie sets none', async () => {
    const { accessToken } = await browser()
    expect(setCookie(await door(app.url, 'logout', undefined, { token: accessToken }))).toBeNull()
  })
})

test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
  'a body of %s, which a form of any site can send, executes nothing',
  async (type) => {
    const { cookie } = await browser()
    for (const path of ['/api/auth/refresh', '/graphql']) {
      const body = '{"query":"mutation { result: refreshSession { __typename } }"}'
      const answer = await fetch(app.url + path, { method: 'POST', headers: { cookie, 'content-type': type }, body })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.status).toBeLessThan(500)
      expect(answer.headers.get('set-cookie')).toBeNull()
    }
    expect(await rest(app.url, 'refreshSession', {}, withCookie(cookie))).toMatchObject({ code: 'SUCCESS' })
  },
)

test('a request without a body or its type leaves the cookie unread', async () => {
  const { cookie } = await browser()
  const answer = await fetch(`${app.url}/api/auth/refresh`, { method: 'POST', headers: { cookie } })
  expect(answer.status).toBe(401)
  expect(answer.headers.get('set-cookie')).toBeNull()
})

test('a cookie is no access token', async () => {
  const { cookie } = await browser()
  expect(await rest(app.url, 'me', undefined, withCookie(cookie))).toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('over http in development it has the name and the attributes that browsers take there', async () => {
  const plain = await startTestApp()
  try {
    const email = await verifiedPerson(plain)
    const answer = await call(plain.url, 'login', { email, password: PASSWORD, transport: 'COOKIE' })
    expect(setCookie(answer)).toMatch(
      /^gatehouse_refresh=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/,
    )
    const origin = 'http://localhost:5173'
    const refreshed = await call(plain.url, 'refreshSession', undefined, withCookie(cookieOf(answer), { origin }))
    expect(refreshed.code).toBe('SUCCESS')
  } finally {
    await plain.close()
  }
})

test('a transport that does not exist is refused', async () => {
  const input = { email: 'a@example.com', password: PASSWORD, transport: 'LOCAL_STORAGE' }
  expect(await call(app.url, 'login', input)).toMatchObject({ code: 'BAD_USER_INPUT', status: 400 })
})

describe.each(DOORS)('a page of another site, by %s', (_name, door) => {
  const from = (site: string) => ({ headers: { origin: ORIGIN, 'sec-fetch-site': site } })

  test('is told why the cookie transport cannot work, and no session begins', async () => {
    const email = await verifiedPerson(app)
    const input = { email, password: PASSWORD, transport: 'COOKIE' }
    const refused = await door(app.url, 'login', input, from('cross-site'))
    expect(refused.code).toBe('BAD_REQUEST')
    expect(refused.text).toContain(`${ORIGIN}, which is another site than this server`)
    expect(setCookie(refused)).toBeNull()
    const { rows } = await app.app.deps.database.pool.query(
      'SELECT 1 FROM sessions JOIN users ON users.id = user_id WHERE email = $1',
      [email],
    )
    expect(rows).toEqual([])
  })

  test('may use the transport BODY, and a page of the same site the cookie', async () => {
    const email = await verifiedPerson(app)
    const body = await door(app.url, 'login', { email, password: PASSWORD }, from('cross-site'))
    expect(body.code).toBe('SUCCESS')
    const cookie = { email, password: PASSWORD, transport: 'COOKIE' }
    expect((await door(app.url, 'login', cookie, from('same-site'))).code).toBe('SUCCESS')
  })
})
