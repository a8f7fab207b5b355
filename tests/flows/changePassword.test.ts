import { Client } from 'pg'
import { type TestApp, startTestApp } from '../support/app'
import { type LoggedIn, call, me } from '../support/client'
import { waitsForLock } from '../support/locks'
import { NEW_PASSWORD, PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'

const WRONG = 'another tractor seven moons'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ env: { REPLY_TO: 'Support <help@example.com>' } })
})
afterAll(() => app.close())

const change = (token: string | undefined, currentPassword: string, newPassword: string) =>
  call(app.url, 'changePassword', { currentPassword, newPassword }, token === undefined ? {} : { token })
const login = async (email: string, password: string) => (await call(app.url, 'login', { email, password })).code

test('sets the password, ends every other session at once, keeps the asking one, and the owner is told', async () => {
  const { email, tokens } = await signedIn(app)
  const others = [await loggedIn(app, email), await loggedIn(app, email)]
  for (const other of others) await me(app.url, { token: other.tokens.accessToken })
  const input = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
  const headers = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }
  const answer = await call(app.url, 'changePassword', input, { token: tokens.accessToken, headers })
  expect(answer).toMatchObject({ code: 'SUCCESS', data: { revokedSessions: 2 } })
  for (const other of others) {
    expect(await me(app.url, { token: other.tokens.accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
    const { refreshToken } = other.tokens
    expect(await call(app.url, 'refreshSession', { refreshToken })).toMatchObject({ code: 'INVALID_TOKEN' })
  }
  expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
  const { refreshToken, accessToken } = answer.data.tokens as LoggedIn['tokens']
  expect(await me(app.url, { token: accessToken })).toMatchObject({ code: 'SUCCESS' })
  expect(await call(app.url, 'refreshSession', { refreshToken })).toMatchObject({ code: 'SUCCESS' })
  expect(await login(email, PASSWORD)).toBe('INVALID_CREDENTIALS')
  expect(await login(email, NEW_PASSWORD)).toBe('SUCCESS')
  const { parsed, source } = await app.mail(email, /was changed/)
  expect(parsed.text).not.toContain('#token=')
  expect(source).not.toContain(NEW_PASSWORD)
  expect(parsed.text).toContain(`Account: ${email}\nDevice: Firefox · Linux · 127.0.0.1\n`)
  expect(parsed.text).toContain(`\n${app.config.publicUrl}/account\n`)
  expect(parsed.replyTo?.text).toBe('"Support" <help@example.com>')
})

test('a copy of the refresh token that it replaces is worth nothing from then on, and ends no session at first', async () => {
  const { tokens } = await signedIn(app)
  const { data } = await change(tokens.accessToken, PASSWORD, NEW_PASSWORD)
  const renewed = data.tokens as LoggedIn['tokens']
  const { refreshToken } = tokens
  expect(await call(app.url, 'refreshSession', { refreshToken })).toMatchObject({ code: 'INVALID_TOKEN' })
  expect(await me(app.url, { token: renewed.accessToken })).toMatchObject({ code: 'SUCCESS' })
  const next = await call(app.url, 'refreshSession', { refreshToken: renewed.refreshToken })
  expect(next).toMatchObject({ code: 'SUCCESS', data: { session: { current: true } } })
})

describe('the cookie of a browser', () => {
  const cookieOf = (headers: Headers) => headers.get('set-cookie')?.split(';')[0] ?? ''
  async function browser() {
    const email = await verifiedPerson(app)
    const answer = await call(app.url, 'login', { email, password: PASSWORD, transport: 'COOKIE' })
    const { accessToken } = answer.data.tokens as LoggedIn['tokens']
    return { cookie: cookieOf(answer.headers), token: accessToken }
  }

  test('is given the new refresh token where the transport says so, and the body is not', async () => {
    const { cookie, token } = await browser()
    const input = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD, transport: 'COOKIE' }
    const answer = await call(app.url, 'changePassword', input, { token, headers: { cookie } })
    expect(answer).toMatchObject({ code: 'SUCCESS', data: { tokens: { refreshToken: null } } })
    const renewed = cookieOf(answer.headers)
    expect(renewed).not.toBe(cookie)
    expect(await call(app.url, 'refreshSession', undefined, { headers: { cookie: renewed } })).toMatchObject({
      code: 'SUCCESS',
    })
  })

  test('follows also where the tokens go into the body: else its next refresh would end the session', async () => {
    const { cookie, token } = await browser()
    const input = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
    const answer = await call(app.url, 'changePassword', input, { token, headers: { cookie } })
    const { refreshToken } = answer.data.tokens as LoggedIn['tokens']
    expect(cookieOf(answer.headers)).toBe(`gatehouse_refresh=${refreshToken ?? ''}`)
  })

  test('stays where it belongs to another session', async () => {
    const { cookie } = await browser()
    const { tokens } = await signedIn(app)
    const input = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
    const answer = await call(app.url, 'changePassword', input, { token: tokens.accessToken, headers: { cookie } })
    expect(answer).toMatchObject({ code: 'SUCCESS' })
    expect(answer.headers.get('set-cookie')).toBeNull()
  })
})

test('a session that was revoked while its password was compared changes nothing', async () => {
  const { email, session, tokens } = await signedIn(app)
  const other = new Client({ connectionString: app.databaseUrl })
  await other.connect()
  await other.query('BEGIN')
  await other.query('SELECT 1 FROM users WHERE id = (SELECT user_id FROM sessions WHERE id = $1) FOR UPDATE', [
    session.id,
  ])
  const asked = change(tokens.accessToken, PASSWORD, NEW_PASSWORD)
  await waitsForLock(other, asked)
  await other.query('UPDATE sessions SET revoked_at = now() WHERE id = $1', [session.id])
  await other.query('COMMIT')
  await other.end()
  expect(await asked).toMatchObject({ code: 'UNAUTHENTICATED' })
  expect(await login(email, PASSWORD)).toBe('SUCCESS')
})

test.each([
  ['a wrong current password', WRONG, NEW_PASSWORD, 'INVALID_CREDENTIALS'],
  ['a weak new password', PASSWORD, 'password1', 'WEAK_PASSWORD'],
  // Who does not know the password learns nothing about new ones.
  ['a wrong current password and a weak new one', WRONG, 'password1', 'INVALID_CREDENTIALS'],
])('%s is refused, and everything stays', async (_what, current, next, code) => {
  const { email, tokens } = await signedIn(app)
  const other = await loggedIn(app, email)
  expect(await change(tokens.accessToken, current, next)).toMatchObject({ code })
  expect(await me(app.url, { token: other.tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
  expect(await login(email, PASSWORD)).toBe('SUCCESS')
})

test.each([
  [
    'nothing',
    '',
    '',
    [
      ['currentPassword', 'REQUIRED'],
      ['newPassword', 'REQUIRED'],
    ],
  ],
  ['the password that it is', PASSWORD, PASSWORD, [['newPassword', 'UNCHANGED']]],
  [
    'the password that it is, in another spelling',
    `${PASSWORD} é`,
    `${PASSWORD} e\u0301`,
    [['newPassword', 'UNCHANGED']],
  ],
])('%s is refused: which field, and why', async (_what, current, next, problems) => {
  const email = someone()
  const password = current === '' ? PASSWORD : current
  await call(app.url, 'register', { email, password })
  await call(app.url, 'verifyEmail', { token: await app.mailedToken(email) })
  const { tokens } = await loggedIn(app, email, password)
  const answer = await change(tokens.accessToken, current, next)
  expect(answer.code).toBe('INVALID_INPUT')
  const fields = answer.data.fields as { field: string; code: string }[]
  expect(fields.map(({ field, code }) => [field, code])).toEqual(problems)
})

test('it is for the signed-in only', async () => {
  expect(await change(undefined, PASSWORD, NEW_PASSWORD)).toMatchObject({ code: 'UNAUTHENTICATED' })
})

// A hundred hashes, on a machine that does something else as well: the time is not what is tested.
test('of fifty changes at once one wins, and the password is the winner’s', async () => {
  const { email, tokens } = await signedIn(app)
  const passwords = Array.from({ length: 10 }, (_, index) => `copper lantern ${index} rivers wide`)
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => change(tokens.accessToken, PASSWORD, passwords[index % 10] ?? '')),
  )
  const codes = answers.map(({ code }) => code)
  expect(codes.filter((code) => code === 'SUCCESS')).toHaveLength(1)
  const winner = passwords[codes.indexOf('SUCCESS') % 10] ?? ''
  expect(await login(email, winner)).toBe('SUCCESS')
  expect(await login(email, PASSWORD)).toBe('INVALID_CREDENTIALS')
}, 120_000)

describe('wrong passwords are counted over all operations that check one', () => {
  let limited: TestApp
  beforeAll(async () => {
    limited = await startTestApp({ env: { RATE_LIMITS: 'on', NODE_ENV: 'test' } })
  })
  afterAll(() => limited.close())

  test('ten an hour: then changing, moving and deleting are refused, even with the right one', async () => {
    const { email, tokens } = await signedIn(limited)
    const options = { token: tokens.accessToken }
    const attempts: [string, Record<string, string>][] = [
      ['changePassword', { currentPassword: WRONG, newPassword: NEW_PASSWORD }],
      ['requestEmailChange', { newEmail: someone(), password: WRONG }],
      ['deleteAccount', { password: WRONG }],
    ]
    const codes: string[] = []
    for (let count = 0; count < 10; count += 1) {
      const [name, input] = attempts[count % 3] ?? ['', {}]
      codes.push((await call(limited.url, name, input, options)).code)
    }
    expect(codes).toEqual(Array(10).fill('INVALID_CREDENTIALS'))

    const right: [string, Record<string, string>][] = [
      ['changePassword', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }],
      ['requestEmailChange', { newEmail: someone(), password: PASSWORD }],
      ['deleteAccount', { password: PASSWORD }],
    ]
    for (const [name, input] of right) {
      const answer = await call(limited.url, name, input, options)
      expect(answer.code).toBe('RATE_LIMITED')
      expect(answer.data.retryAfter).toBeGreaterThan(0)
      expect(answer.headers.get('retry-after')).toBe(String(answer.data.retryAfter))
    }
    // The owner is not locked out by it.
    expect(await call(limited.url, 'login', { email, password: PASSWORD })).toMatchObject({ code: 'SUCCESS' })
  })

  test('the eleventh wrong one within the hour is refused without a hash, fifty at once as well', async () => {
    const { tokens } = await signedIn(limited)
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        call(
          limited.url,
          'changePassword',
          { currentPassword: WRONG, newPassword: NEW_PASSWORD },
          { token: tokens.accessToken },
        ),
      ),
    )
    const codes = answers.map(({ code }) => code)
    expect(codes.filter((code) => code === 'INVALID_CREDENTIALS')).toHaveLength(10)
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(40)
  })
})
