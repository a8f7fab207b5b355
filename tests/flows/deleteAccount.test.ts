import { type TestApp, startTestApp } from '../support/app'
import { call, me } from '../support/client'
import { PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { dumpTables } from '../support/tables'
import { until } from '../support/until'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const remove = (token: string | undefined, password = PASSWORD) =>
  call(app.url, 'deleteAccount', { password }, token === undefined ? {} : { token })
const dump = () => dumpTables(app.app.deps.database.pool)

test('the account and everything that says who it was is gone, in every table', async () => {
  const email = `quillon.${someone()}`
  const headers = { 'user-agent': 'Quillon-Browser' }
  const name = 'Quillon Marbury'
  await call(app.url, 'register', { email, password: PASSWORD, displayName: name }, { headers })
  await call(app.url, 'verifyEmail', { token: await app.mailedToken(email) }, { headers })
  const { data } = await call(app.url, 'login', { email, password: PASSWORD }, { headers })
  await call(app.url, 'login', { email, password: 'wrong tractor' }, { headers })
  const { accessToken, refreshToken } = data.tokens as { accessToken: string; refreshToken: string }
  const options = { token: accessToken, headers }
  await call(app.url, 'refreshSession', { refreshToken }, { headers })
  // Mails that wait when the account goes: their server takes none for these addresses.
  const newEmail = `quillon.${someone()}`
  app.smtp.behaviourOf.set(newEmail, 450)
  await call(app.url, 'requestEmailChange', { newEmail, password: PASSWORD }, options)
  await app.smtp.waitForAttempts(newEmail, 1)
  app.smtp.behaviourOf.set(email, 450)
  const attempts = app.smtp.attempts.filter((to) => to === email).length
  await call(app.url, 'requestReset', { email }, { headers })
  await app.smtp.waitForAttempts(email, attempts + 1)
  app.smtp.behaviourOf.delete(email)
  expect(await dump()).toContain(email)

  const { id } = data.user as { id: string }
  expect(await call(app.url, 'deleteAccount', { password: PASSWORD }, options)).toMatchObject({
    code: 'SUCCESS',
    data: { userId: id },
  })
  const waiting = await app.app.deps.database.pool.query(`SELECT 1 FROM mails WHERE name <> 'accountDeleted'`)
  expect(waiting.rowCount).toBe(0)
  const farewell = await app.mail(email, /deleted/)
  expect(farewell.source).not.toContain('#token=')
  // The last mail's own row goes once it was sent.
  const left = await until(async () => {
    const rows = await dump()
    return rows.includes(email) ? null : rows
  })
  expect(left).not.toContain('quillon')
  expect(left).not.toContain('Quillon')
  expect(left).not.toContain(id)
  expect(left).toContain('account_deleted')
})

test('its sessions are over at once', async () => {
  const { email, tokens } = await signedIn(app)
  const other = await loggedIn(app, email)
  await me(app.url, { token: other.tokens.accessToken })
  await remove(tokens.accessToken)
  for (const { accessToken, refreshToken } of [tokens, other.tokens]) {
    expect(await me(app.url, { token: accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await call(app.url, 'refreshSession', { refreshToken })).toMatchObject({ code: 'INVALID_TOKEN' })
  }
  expect(await call(app.url, 'login', { email, password: PASSWORD })).toMatchObject({ code: 'INVALID_CREDENTIALS' })
})

test('its links are void', async () => {
  const { email, tokens } = await signedIn(app)
  await call(app.url, 'requestReset', { email })
  const token = await app.mailedToken(email, /new password/)
  await remove(tokens.accessToken)
  const input = { token, password: 'copper lantern nine rivers' }
  expect(await call(app.url, 'confirmReset', input)).toMatchObject({ code: 'INVALID_TOKEN' })
})

test('other accounts stay', async () => {
  const [gone, stays] = [await signedIn(app), await signedIn(app)]
  await remove(gone.tokens.accessToken)
  expect(await me(app.url, { token: stays.tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
})

test('the address is free for another account', async () => {
  const { email, user, tokens } = await signedIn(app)
  await remove(tokens.accessToken)
  await call(app.url, 'register', { email, password: 'copper lantern nine rivers' })
  const token = await app.mailedToken(email, /Confirm/)
  expect(await call(app.url, 'verifyEmail', { token })).toMatchObject({ code: 'SUCCESS' })
  const again = await loggedIn(app, email, 'copper lantern nine rivers')
  expect(again.user.id).not.toBe(user.id)
})

test.each(['another tractor seven moons', '', 'x\ud800', 'violet\0'])(
  'the password %j does not delete it',
  async (password) => {
    const { tokens } = await signedIn(app)
    expect(await remove(tokens.accessToken, password)).toMatchObject({ code: 'INVALID_CREDENTIALS' })
    expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
  },
)

test('it is for the signed-in only', async () => {
  expect(await remove(undefined)).toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('fifty concurrent deletions delete once, and the owner is notified once', async () => {
  const email = await verifiedPerson(app)
  const { tokens } = await loggedIn(app, email)
  const answers = await Promise.all(Array.from({ length: 50 }, () => remove(tokens.accessToken)))
  const codes = answers.map(({ code }) => code)
  expect(codes.filter((code) => code === 'SUCCESS')).toHaveLength(1)
  const known = new Set(['SUCCESS', 'INVALID_CREDENTIALS', 'UNAUTHENTICATED', 'RATE_LIMITED'])
  expect(codes.filter((code) => !known.has(code))).toEqual([])
  await app.mail(email, /deleted/)
  expect(
    app.smtp.mails.filter(
      ({ recipients, parsed }) => recipients.includes(email) && /deleted/.test(parsed.subject ?? ''),
    ),
  ).toHaveLength(1)
})
