import { type TestApp, startTestApp, tokenOf } from '../support/app'
import { call } from '../support/client'
import { NEW_PASSWORD, PASSWORD, someone, verifiedPerson } from '../support/people'
import { until } from '../support/until'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const mailsTo = (email: string) => app.smtp.mails.filter(({ recipients }) => recipients.includes(email))
const nthMail = (email: string, count: number) => app.smtp.until(() => mailsTo(email)[count - 1])
/** Resolves once no mail to this address waits any more: it was sent, or dropped. */
const settled = (email: string) =>
  until(async () => {
    const { pool } = app.app.deps.database
    return (await pool.query('SELECT 1 FROM mails WHERE recipient = $1', [email])).rowCount === 0
  })

test('the newest registration gets a further link, and its earlier ones go on working', async () => {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD })
  const first = await app.mailedToken(email)
  expect(await call(app.url, 'resendVerification', { email })).toMatchObject({ code: 'SUCCESS', data: { email } })
  const second = tokenOf(await nthMail(email, 2))
  expect(second).not.toBe(first)
  expect(await call(app.url, 'verifyEmail', { token: first })).toMatchObject({ code: 'SUCCESS' })
  // A link of the same registration that was not the one followed leads to what is done already.
  expect(await call(app.url, 'verifyEmail', { token: second })).toMatchObject({ code: 'SUCCESS' })
  expect(await call(app.url, 'login', { email, password: PASSWORD })).toMatchObject({ code: 'SUCCESS' })
})

test('of several registrations it is that of none: it proves the address, and its follower chooses the password', async () => {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD })
  await nthMail(email, 1)
  await call(app.url, 'register', { email, password: NEW_PASSWORD })
  await nthMail(email, 2)
  await call(app.url, 'resendVerification', { email })
  const { data } = await call(app.url, 'verifyEmail', { token: tokenOf(await nthMail(email, 3)) })
  for (const password of [PASSWORD, NEW_PASSWORD]) {
    expect(await call(app.url, 'login', { email, password })).toMatchObject({ code: 'INVALID_CREDENTIALS' })
  }
  await call(app.url, 'confirmReset', { token: data.resetToken, password: NEW_PASSWORD })
  expect(await call(app.url, 'login', { email, password: NEW_PASSWORD })).toMatchObject({ code: 'SUCCESS' })
})

test('unknown, waiting and verified addresses get the same answer', async () => {
  const [unknown, waiting, verified] = [someone(), someone(), await verifiedPerson(app)]
  await call(app.url, 'register', { email: waiting, password: PASSWORD })
  await nthMail(waiting, 1)
  const answers = await Promise.all(
    [unknown, waiting, verified].map(async (email) => {
      const { text, status } = await call(app.url, 'resendVerification', { email })
      return [text.replace(email, ''), status]
    }),
  )
  expect(answers[1]).toEqual(answers[0])
  expect(answers[2]).toEqual(answers[0])
  await settled(unknown)
  expect(mailsTo(unknown)).toEqual([])
  const told = await nthMail(verified, 1)
  expect(told.parsed.subject).toMatch(/already/)
  expect(told.parsed.text).not.toContain('#token=')
})

test('its mails count among the five of their kind that an address gets in an hour', async () => {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD })
  for (let index = 0; index < 6; index += 1) {
    expect(await call(app.url, 'resendVerification', { email })).toMatchObject({ code: 'SUCCESS' })
  }
  await settled(email)
  await nthMail(email, 5)
  expect(mailsTo(email)).toHaveLength(5)
})

test('what is no address is refused', async () => {
  const answer = await call(app.url, 'resendVerification', { email: 'a@b@example.com' })
  expect(answer).toMatchObject({
    code: 'INVALID_INPUT',
    data: { fields: [{ field: 'email', code: 'INVALID_FORMAT' }] },
  })
})
