import { type TestApp, startTestApp } from '../support/app'
import { DOORS, call } from '../support/client'
import { NEW_PASSWORD, PASSWORD, someone } from '../support/people'

const HOUR = 3_600_000

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

async function registered(): Promise<{ email: string; token: string }> {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD })
  return { email, token: await app.mailedToken(email) }
}

const verifications = async (email: string) => {
  const { rows } = await app.app.deps.database.pool.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM audit_events e JOIN users u ON u.id = e.user_id
     WHERE type = 'email_verified' AND email = $1`,
    [email],
  )
  return rows[0]?.count
}

describe.each(DOORS)('verifyEmail by %s', (name, door) => {
  const refused = name === 'REST' ? 400 : 200

  test('the link verifies the address that it was mailed to, and logs nobody in', async () => {
    const { email, token } = await registered()
    const answer = await door(app.url, 'verifyEmail', { token })
    expect(answer).toMatchObject({ code: 'SUCCESS', status: 200 })
    expect(answer.data).toEqual({ email, resetToken: null })
    expect(answer.headers.get('set-cookie')).toBeNull()
    const login = await call(app.url, 'login', { email, password: PASSWORD })
    expect(login.data.user).toMatchObject({ email, emailVerified: true })
  })

  test('blanks around a pasted token are passed over', async () => {
    const { email, token } = await registered()
    const answer = await door(app.url, 'verifyEmail', { token: ` \t${token}\u00a0\n` })
    expect(answer).toMatchObject({ code: 'SUCCESS', data: { email } })
  })

  test('the same link succeeds again within its life, with no second effect', async () => {
    const { email, token } = await registered()
    await door(app.url, 'verifyEmail', { token })
    expect(await door(app.url, 'verifyEmail', { token })).toMatchObject({ code: 'SUCCESS', data: { email } })
    expect(await verifications(email)).toBe(1)
  })

  test.each([
    '',
    'x',
    'A'.repeat(42),
    'A'.repeat(43),
    'A'.repeat(44),
    `${'A'.repeat(42)}=`,
    'ä'.repeat(43),
    'A'.repeat(2000),
  ])('what is no token of ours is invalid: %j', async (token) => {
    // Without anything after the last slash there is no such route.
    if (name === 'REST' && token === '') return
    expect(await door(app.url, 'verifyEmail', { token })).toMatchObject({ code: 'INVALID_TOKEN', status: refused })
  })

  test('a link lives for a day, and has expired after it', async () => {
    const { token: early } = await registered()
    const { email, token: late } = await registered()
    app.clock.pass(24 * HOUR - 60_000)
    expect(await door(app.url, 'verifyEmail', { token: early })).toMatchObject({ code: 'SUCCESS' })
    app.clock.pass(60_000)
    expect(await door(app.url, 'verifyEmail', { token: late })).toMatchObject({
      code: 'EXPIRED_TOKEN',
      status: refused,
    })
    // One that was followed in time is over as well.
    expect(await door(app.url, 'verifyEmail', { token: early })).toMatchObject({ code: 'EXPIRED_TOKEN' })
    expect(await call(app.url, 'login', { email, password: PASSWORD })).toMatchObject({ code: 'EMAIL_NOT_VERIFIED' })
  })

  test('a verification does not end what the owner did since', async () => {
    const { email, token } = await registered()
    await door(app.url, 'verifyEmail', { token })
    const login = await call(app.url, 'login', { email, password: PASSWORD })
    const { accessToken } = login.data.tokens as { accessToken: string }
    const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
    expect(await call(app.url, 'changePassword', change, { token: accessToken })).toMatchObject({ code: 'SUCCESS' })
    await door(app.url, 'verifyEmail', { token })
    expect(await call(app.url, 'login', { email, password: NEW_PASSWORD })).toMatchObject({ code: 'SUCCESS' })
    expect(await call(app.url, 'login', { email, password: PASSWORD })).toMatchObject({ code: 'INVALID_CREDENTIALS' })
  })
})

test('opening the mailed link, as scanners do, uses nothing up', async () => {
  const { email, token } = await registered()
  const link = /\S+#token=\S+/.exec((await app.mail(email)).parsed.text ?? '')?.[0] ?? ''
  const here = link.replace(app.config.publicUrl, app.url)
  for (let index = 0; index < 5; index += 1) {
    expect((await fetch(here)).status).toBe(200)
    expect((await fetch(here, { method: 'HEAD' })).status).toBe(200)
  }
  expect((await fetch(`${app.url}/api/auth/verify/${token}`, { method: 'HEAD' })).status).not.toBe(200)
  expect(await verifications(email)).toBe(0)
  expect(await call(app.url, 'verifyEmail', { token })).toMatchObject({ code: 'SUCCESS' })
})

test('fifty uses of one link at once change one state, and all succeed', async () => {
  const { email, token } = await registered()
  const answers = await Promise.all(Array.from({ length: 50 }, () => call(app.url, 'verifyEmail', { token })))
  expect(answers.map(({ code, data }) => [code, data.email])).toEqual(Array(50).fill(['SUCCESS', email]))
  expect(await verifications(email)).toBe(1)
})

test('a link verifies no other address that the account has by now', async () => {
  const { email, token } = await registered()
  const { pool } = app.app.deps.database
  await pool.query('UPDATE users SET email = $1 WHERE email = $2', [someone(), email])
  expect(await call(app.url, 'verifyEmail', { token })).toMatchObject({ code: 'INVALID_TOKEN' })
})
