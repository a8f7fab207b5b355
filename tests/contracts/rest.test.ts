import { type TestApp, startTestApp } from '../support/app'
import { call, rest } from '../support/client'
import { PASSWORD, signedIn, someone, verifiedPerson } from '../support/people'

let app: TestApp
let limited: TestApp
beforeAll(async () => {
  app = await startTestApp()
  limited = await startTestApp({ env: { RATE_LIMITS: 'on', NODE_ENV: 'test' } })
})
afterAll(async () => {
  await app.close()
  await limited.close()
})

const TOKEN = 'A'.repeat(43)
const USER = ['createdAt', 'displayName', 'email', 'emailVerified', 'id', 'locale']
const keysOf = (value: unknown) => Object.keys(value as object).sort()

test('without LOGIN_CODE there are no routes and no fields of mailed logins', async () => {
  for (const path of ['login-code-request', 'login-code']) {
    const answer = await fetch(`${app.url}/api/auth/${path}`, { method: 'POST' })
    expect(answer.status).toBe(404)
  }
  const field = await call(app.url, 'requestLoginCode', { email: someone() })
  expect(field.code).toBe('GRAPHQL_VALIDATION_FAILED')
})

describe('successes', () => {
  test('register is 201 and names the address', async () => {
    const email = someone()
    const answer = await rest(app.url, 'register', { email, password: PASSWORD, displayName: 'Ada', locale: 'de' })
    expect([answer.status, answer.data]).toEqual([201, { email }])
  })

  test('verify is 200, also when the link is followed again', async () => {
    const email = someone()
    await rest(app.url, 'register', { email, password: PASSWORD })
    const token = await app.mailedToken(email)
    for (const round of [1, 2]) {
      const answer = await rest(app.url, 'verifyEmail', { token })
      expect([round, answer.status, answer.data]).toEqual([round, 200, { email, resetToken: null }])
    }
  })

  test('HEAD of a verification link follows nothing', async () => {
    const email = someone()
    await rest(app.url, 'register', { email, password: PASSWORD })
    const token = await app.mailedToken(email)
    const head = await fetch(`${app.url}/api/auth/verify/${token}`, { method: 'HEAD' })
    expect(head.status).toBeGreaterThanOrEqual(400)
    expect((await rest(app.url, 'login', { email, password: PASSWORD })).code).toBe('EMAIL_NOT_VERIFIED')
  })

  test('login is 200 with user, session and tokens; me, refresh and logout are 200', async () => {
    const email = await verifiedPerson(app)
    const login = await rest(app.url, 'login', { email, password: PASSWORD })
    expect(login.status).toBe(200)
    expect(keysOf(login.data)).toEqual(['session', 'tokens', 'user'])
    expect(keysOf(login.data.user)).toEqual(USER)
    const tokens = login.data.tokens as { accessToken: string; refreshToken: string }
    const who = await rest(app.url, 'me', undefined, { token: tokens.accessToken })
    expect([who.status, keysOf(who.data), who.data.email]).toEqual([
      200,
      [...USER, 'pendingEmail', 'profile'].sort(),
      email,
    ])
    const refreshed = await rest(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })
    expect([refreshed.status, keysOf(refreshed.data)]).toEqual([200, ['session', 'tokens']])
    const out = await rest(app.url, 'logout', undefined, { token: tokens.accessToken })
    expect([out.status, keysOf(out.data)]).toEqual([200, ['sessionId']])
    expect((await rest(app.url, 'me', undefined, { token: tokens.accessToken })).status).toBe(401)
  })

  test('reset-request is 202 and reset-confirm 200', async () => {
    const { email } = await signedIn(app)
    const asked = await rest(app.url, 'requestReset', { email })
    expect([asked.status, asked.data]).toEqual([202, { email }])
    const token = await app.mailedToken(email, /password/i)
    const done = await rest(app.url, 'confirmReset', { token, password: 'copper lantern nine rivers' })
    expect([done.status, done.data]).toEqual([200, { email, revokedSessions: 1 }])
    const again = await rest(app.url, 'confirmReset', { token, password: 'copper lantern nine rivers' })
    expect([again.status, again.code]).toEqual([400, 'INVALID_TOKEN'])
  })
})

describe('a cookie', () => {
  test('is HttpOnly, SameSite=Strict, for the whole host, and its token stays out of the body', async () => {
    const email = await verifiedPerson(app)
    const login = await rest(app.url, 'login', { email, password: PASSWORD, transport: 'COOKIE' })
    expect(login.data.tokens).toMatchObject({ refreshToken: null })
    const cookie = login.headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/^gatehouse_refresh=[\w-]{43}; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/)
    const headers = { cookie: cookie.split(';', 1)[0] ?? '' }
    const refreshed = await rest(app.url, 'refreshSession', {}, { headers })
    expect([refreshed.status, refreshed.data.tokens]).toEqual([200, expect.objectContaining({ refreshToken: null })])
    expect(refreshed.headers.get('set-cookie')).toContain('gatehouse_refresh=')
    const elsewhere = await rest(
      app.url,
      'refreshSession',
      {},
      { headers: { ...headers, origin: 'https://evil.example' } },
    )
    expect(elsewhere.status).toBe(401)
  })
})

/** What goes wrong, the status of it, and the code that both doors say. */
const FAILURES: [string, string, unknown, number, string][] = [
  ['an address that is none', 'register', { email: 'x', password: PASSWORD }, 400, 'INVALID_INPUT'],
  ['a weak password', 'register', { email: 'a@example.com', password: 'password1' }, 400, 'WEAK_PASSWORD'],
  ['a wrong password', 'login', { email: 'a@example.com', password: 'x' }, 401, 'INVALID_CREDENTIALS'],
  ['a bad verification token', 'verifyEmail', { token: TOKEN }, 400, 'INVALID_TOKEN'],
  ['a verification token that is far too long', 'verifyEmail', { token: 'A'.repeat(1_000) }, 400, 'INVALID_TOKEN'],
  ['a bad reset token', 'confirmReset', { token: TOKEN, password: PASSWORD }, 400, 'INVALID_TOKEN'],
  ['a bad refresh token', 'refreshSession', { refreshToken: TOKEN }, 401, 'INVALID_TOKEN'],
  ['no refresh token', 'refreshSession', {}, 401, 'INVALID_TOKEN'],
  ['nobody signed in', 'logout', undefined, 401, 'UNAUTHENTICATED'],
  ['a missing field', 'login', { email: 'a@example.com' }, 400, 'BAD_USER_INPUT'],
  [
    'a field that does not exist',
    'login',
    { email: 'a@example.com', password: 'x', role: 'admin' },
    400,
    'BAD_USER_INPUT',
  ],
  ['an object for text', 'login', { email: { contains: '' }, password: 'x' }, 400, 'BAD_USER_INPUT'],
]

test.each(FAILURES)('%s: one code by both doors', async (_name, operation, input, status, code) => {
  const [byRest, byGraphQL] = await Promise.all([rest(app.url, operation, input), call(app.url, operation, input)])
  expect([byRest.status, byRest.code, byGraphQL.code]).toEqual([status, code, code])
  const { error } = JSON.parse(byRest.text) as { error: { message: string } }
  expect(error.message).not.toBe('')
  expect(byRest.headers.get('cache-control')).toBe('no-store')
})

test('me without a token is 401, and says how to authenticate', async () => {
  const refused = await rest(app.url, 'me')
  expect(refused).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
  expect(refused.headers.get('www-authenticate')).toBe('Bearer')
})

test('an unverified account with the right password is 403', async () => {
  const email = someone()
  await rest(app.url, 'register', { email, password: PASSWORD })
  expect(await rest(app.url, 'login', { email, password: PASSWORD })).toMatchObject({
    status: 403,
    code: 'EMAIL_NOT_VERIFIED',
  })
})

test('a spent budget is 429 with Retry-After, and both doors spend the same one', async () => {
  for (let index = 0; index < 15; index += 1) {
    await rest(limited.url, 'verifyEmail', { token: TOKEN })
    await call(limited.url, 'verifyEmail', { token: TOKEN })
  }
  const answer = await rest(limited.url, 'verifyEmail', { token: TOKEN })
  expect([answer.status, answer.code]).toEqual([429, 'RATE_LIMITED'])
  expect(answer.headers.get('retry-after')).toBe(String(answer.data.retryAfter))
  expect((await call(limited.url, 'verifyEmail', { token: TOKEN })).code).toBe('RATE_LIMITED')
})
