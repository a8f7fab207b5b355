import { type TestApp, startTestApp, tokenOf } from '../support/app'
import { DOORS, call, me } from '../support/client'
import { NEW_PASSWORD, PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'

const MINUTE = 60_000

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const mailsTo = (email: string) => app.smtp.mails.filter(({ recipients }) => recipients.includes(email))
async function resetToken(email: string): Promise<string> {
  await call(app.url, 'requestReset', { email })
  return app.mailedToken(email, /new password/)
}
const login = async (email: string, password: string) => (await call(app.url, 'login', { email, password })).code

describe.each(DOORS)('confirmReset by %s', (name, door) => {
  const refused = name === 'REST' ? 400 : 200

  test('sets the password, ends every session, logs nobody in, and the owner is told', async () => {
    const { email, tokens } = await signedIn(app)
    const other = await loggedIn(app, email)
    await me(app.url, { token: tokens.accessToken })
    const token = await resetToken(email)
    const answer = await door(app.url, 'confirmReset', { token, password: NEW_PASSWORD })
    expect(answer).toMatchObject({ code: 'SUCCESS', status: 200 })
    expect(answer.data).toEqual({ email, revokedSessions: 2 })
    expect(answer.headers.get('set-cookie')).toBeNull()
    for (const { accessToken, refreshToken } of [tokens, other.tokens]) {
      expect(await me(app.url, { token: accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
      expect(await call(app.url, 'refreshSession', { refreshToken })).toMatchObject({ code: 'INVALID_TOKEN' })
    }
    expect(await login(email, PASSWORD)).toBe('INVALID_CREDENTIALS')
    expect(await login(email, NEW_PASSWORD)).toBe('SUCCESS')
    const notice = await app.mail(email, /was changed/)
    expect(notice.parsed.text).not.toContain('#token=')
    expect(notice.source).not.toContain(NEW_PASSWORD)
  })

  test('a link works once', async () => {
    const email = await verifiedPerson(app)
    const token = await resetToken(email)
    expect(await door(app.url, 'confirmReset', { token, password: NEW_PASSWORD })).toMatchObject({ code: 'SUCCESS' })
    const again = await door(app.url, 'confirmReset', { token, password: PASSWORD })
    expect(again).toMatchObject({ code: 'INVALID_TOKEN', status: refused })
    expect(await login(email, NEW_PASSWORD)).toBe('SUCCESS')
  })

  test('a refused password leaves the link usable', async () => {
    const email = await verifiedPerson(app)
    const token = await resetToken(email)
    const weak = await door(app.url, 'confirmReset', { token, password: 'password1' })
    expect(weak).toMatchObject({ code: 'WEAK_PASSWORD', status: refused })
    const short = await door(app.url, 'confirmReset', { token, password: 'short' })
    expect(short).toMatchObject({ code: 'INVALID_INPUT', status: refused })
    expect(await door(app.url, 'confirmReset', { token, password: email })).toMatchObject({ code: 'WEAK_PASSWORD' })
    expect(await login(email, PASSWORD)).toBe('SUCCESS')
    expect(await door(app.url, 'confirmReset', { token, password: NEW_PASSWORD })).toMatchObject({ code: 'SUCCESS' })
  })

  test('a link lives for an hour', async () => {
    const [early, late] = [await verifiedPerson(app), await verifiedPerson(app)]
    const tokens = [await resetToken(early), await resetToken(late)]
    app.clock.pass(59 * MINUTE)
    expect(await door(app.url, 'confirmReset', { token: tokens[0], password: NEW_PASSWORD })).toMatchObject({
      code: 'SUCCESS',
    })
    app.clock.pass(MINUTE)
    const answer = await door(app.url, 'confirmReset', { token: tokens[1], password: NEW_PASSWORD })
    expect(answer).toMatchObject({ code: 'EXPIRED_TOKEN', status: refused })
    expect(await login(late, PASSWORD)).toBe('SUCCESS')
  })

  test('it proves the address of an account that waits for its verification', async () => {
    const email = someone()
    await call(app.url, 'register', { email, password: PASSWORD })
    const verification = await app.mailedToken(email)
    const token = await resetToken(email)
    expect(await door(app.url, 'confirmReset', { token, password: NEW_PASSWORD })).toMatchObject({
      code: 'SUCCESS',
      data: { revokedSessions: 0 },
    })
    expect(await login(email, NEW_PASSWORD)).toBe('SUCCESS')
    expect(await call(app.url, 'verifyEmail', { token: verification })).toMatchObject({ code: 'INVALID_TOKEN' })
    expect(await login(email, PASSWORD)).toBe('INVALID_CREDENTIALS')
  })

  test('a waiting change of address is void after it', async () => {
    const { email, tokens } = await signedIn(app)
    const newEmail = someone()
    const input = { newEmail, password: PASSWORD }
    await call(app.url, 'requestEmailChange', input, { token: tokens.accessToken })
    const change = await app.mailedToken(newEmail)
    await door(app.url, 'confirmReset', { token: await resetToken(email), password: NEW_PASSWORD })
    expect(await call(app.url, 'confirmEmailChange', { token: change })).toMatchObject({ code: 'INVALID_TOKEN' })
  })

  test('a disabled account cannot be reset', async () => {
    const email = await verifiedPerson(app)
    const token = await resetToken(email)
    await app.app.deps.database.pool.query('UPDATE users SET disabled_at = now() WHERE email = $1', [email])
    const answer = await door(app.url, 'confirmReset', { token, password: NEW_PASSWORD })
    expect(answer).toMatchObject({ code: 'INVALID_TOKEN', status: refused })
  })

  test.each(['', 'x', 'A'.repeat(43), 'A'.repeat(2000), '\0'.repeat(43), 'ä'.repeat(43)])(
    'what is no token of ours is invalid: %j',
    async (token) => {
      const answer = await door(app.url, 'confirmReset', { token, password: NEW_PASSWORD })
      expect(answer).toMatchObject({ code: 'INVALID_TOKEN', status: refused })
    },
  )
})

test('a password that was changed voids a link that was asked for before', async () => {
  const { email, tokens } = await signedIn(app)
  const token = await resetToken(email)
  const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
  await call(app.url, 'changePassword', change, { token: tokens.accessToken })
  expect(await call(app.url, 'confirmReset', { token, password: PASSWORD })).toMatchObject({ code: 'INVALID_TOKEN' })
})

test('of fifty resets at once one wins, and the password is the winner’s', async () => {
  const { email, tokens } = await signedIn(app)
  const token = await resetToken(email)
  const passwords = Array.from({ length: 50 }, (_, index) => `copper lantern ${index} rivers wide`)
  const answers = await Promise.all(passwords.map((password) => call(app.url, 'confirmReset', { token, password })))
  const codes = answers.map(({ code }) => code)
  expect(codes.filter((code) => code === 'SUCCESS')).toHaveLength(1)
  expect(codes.filter((code) => code === 'INVALID_TOKEN')).toHaveLength(49)
  const winner = passwords[codes.indexOf('SUCCESS')] ?? ''
  expect(await login(email, winner)).toBe('SUCCESS')
  const loser = passwords[codes.indexOf('INVALID_TOKEN')] ?? ''
  expect(await login(email, loser)).toBe('INVALID_CREDENTIALS')
  expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
  await app.mail(email, /was changed/)
  expect(mailsTo(email).filter(({ parsed }) => /was changed/.test(parsed.subject ?? ''))).toHaveLength(1)
})

test('a login that overlaps a reset leaves no session of the old password', async () => {
  const { email } = await signedIn(app)
  const token = await resetToken(email)
  const logins = Array.from({ length: 10 }, () => call(app.url, 'login', { email, password: PASSWORD }))
  const [reset, ...answers] = await Promise.all([
    call(app.url, 'confirmReset', { token, password: NEW_PASSWORD }),
    ...logins,
  ])
  expect(reset.code).toBe('SUCCESS')
  for (const { code, data } of answers) {
    expect(['SUCCESS', 'INVALID_CREDENTIALS']).toContain(code)
    if (code !== 'SUCCESS') continue
    const { accessToken } = data.tokens as { accessToken: string }
    expect(await me(app.url, { token: accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
  }
})

test('the link of a mail that is sent again is the same', async () => {
  const email = await verifiedPerson(app)
  app.smtp.behaviourOf.set(email, 'die-after-data')
  await call(app.url, 'requestReset', { email })
  await app.smtp.waitForAttempts(email, 2)
  app.smtp.behaviourOf.delete(email)
  const token = tokenOf(await app.mail(email, /new password/))
  expect(await call(app.url, 'confirmReset', { token, password: NEW_PASSWORD })).toMatchObject({ code: 'SUCCESS' })
})
