import { type TestApp, startTestApp } from '../support/app'
import { DOORS, call } from '../support/client'
import { NEW_PASSWORD, PASSWORD, signedIn, someone, verifiedPerson } from '../support/people'

const WEB = 'https://app.example.com/auth?source=mail'
const PHONE = 'com.example.app:/auth'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ env: { REDIRECT_URLS: `${WEB}, ${PHONE}`, LOGIN_CODE: 'on' } })
})
afterAll(() => app.close())

/** The parameters of the link in a mail to an address that leads to a page. */
async function linkTo(email: string, page: string): Promise<URLSearchParams> {
  const { parsed } = await app.smtp.waitFor(email, (mail) => mail.parsed.text?.includes(`${page}#`) === true)
  expect(parsed.html).toContain(`${page}#`)
  const links = (parsed.text ?? '').split(/\s+/).filter((word) => word.startsWith(`${page}#`))
  return new URLSearchParams(links[0]?.split('#')[1])
}

test.each(DOORS)('a registration whose link leads to a page of an app is verified by it (%s)', async (_door, door) => {
  const email = someone()
  expect((await door(app.url, 'register', { email, password: PASSWORD, redirect: WEB })).code).toBe('SUCCESS')
  const link = await linkTo(email, WEB)
  expect([...link.keys()]).toEqual(['action', 'token'])
  expect(link.get('action')).toBe('verify-email')
  expect((await door(app.url, 'verifyEmail', { token: link.get('token') })).code).toBe('SUCCESS')
})

test('one server serves a web app and an app on a phone: each gets the links that it asks for', async () => {
  const [onWeb, onPhone, onPages] = [await verifiedPerson(app), await verifiedPerson(app), await verifiedPerson(app)]
  await call(app.url, 'requestReset', { email: onWeb, redirect: WEB })
  await call(app.url, 'requestReset', { email: onPhone, redirect: PHONE })
  await call(app.url, 'requestReset', { email: onPages })
  expect((await linkTo(onWeb, WEB)).get('action')).toBe('reset-password')
  const link = await linkTo(onPhone, PHONE)
  const reset = await call(app.url, 'confirmReset', { token: link.get('token'), password: NEW_PASSWORD })
  expect(reset.code).toBe('SUCCESS')
  expect((await linkTo(onPages, `${app.config.publicUrl}/reset-password`)).has('token')).toBe(true)
})

test('another verification mail, a change of address and a login code lead there too', async () => {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD })
  await call(app.url, 'resendVerification', { email, redirect: PHONE })
  expect((await linkTo(email, PHONE)).get('action')).toBe('verify-email')

  const { email: owner, tokens } = await signedIn(app)
  const newEmail = someone()
  const change = { newEmail, password: PASSWORD, redirect: WEB }
  expect((await call(app.url, 'requestEmailChange', change, { token: tokens.accessToken })).code).toBe('SUCCESS')
  const changed = await linkTo(newEmail, WEB)
  expect(changed.get('action')).toBe('confirm-email-change')

  await call(app.url, 'requestLoginCode', { email: owner, redirect: PHONE })
  const code = await linkTo(owner, PHONE)
  expect(code.get('action')).toBe('login-code')
  expect(code.get('code')).toMatch(/^\d{8}$/)
})

test.each([
  ['register', { email: someone(), password: PASSWORD }],
  ['resendVerification', { email: someone() }],
  ['requestReset', { email: someone() }],
  ['requestLoginCode', { email: someone() }],
  ['requestEmailChange', { newEmail: someone(), password: PASSWORD }],
])('%s refuses a page that is not in REDIRECT_URLS, and mails nothing', async (name, input) => {
  const { tokens } = await signedIn(app)
  const wrong = ['https://app.example.com/auth', 'https://app.example.com.evil.example/auth', '', `${WEB}#`, ` ${WEB}`]
  for (const redirect of wrong) {
    const answer = await call(app.url, name, { ...input, redirect }, { token: tokens.accessToken })
    expect(answer).toMatchObject({
      ...{ code: 'INVALID_INPUT', data: { fields: [{ field: 'redirect', code: 'UNSUPPORTED' }] } },
    })
  }
  const to = 'email' in input ? input.email : input.newEmail
  const { rows } = await app.app.deps.database.pool.query('SELECT 1 FROM mails WHERE recipient = $1', [to])
  expect(rows).toEqual([])
})

test('a mail whose page is no longer allowed when it is sent leads to the page of the configuration', async () => {
  const email = await verifiedPerson(app)
  const now = app.clock.now()
  await app.app.deps.database.pool.query(
    `INSERT INTO mails (name, recipient, locale, redirect, created_at, expires_at, due_at)
     VALUES ('resetPassword', $1, 'en', 'https://old.example.com/auth', $2, $3, now())`,
    [email, now, new Date(now.getTime() + 3_600_000)],
  )
  expect((await linkTo(email, `${app.config.publicUrl}/reset-password`)).has('token')).toBe(true)
})
