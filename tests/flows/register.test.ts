import { type TestApp, startTestApp } from '../support/app'
import { DOORS, call } from '../support/client'
import { PASSWORD, someone, verifiedPerson } from '../support/people'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

describe.each(DOORS)('register by %s', (_name, door) => {
  test('a new address gets an answer that names it, and a mail with a link', async () => {
    const email = someone()
    const answer = await door(app.url, 'register', { email, password: PASSWORD })
    expect(answer.code).toBe('SUCCESS')
    expect(answer.data).toEqual({ email })
    const mail = await app.mail(email)
    expect(mail.parsed.subject).toMatch(/Confirm your email address/)
  })

  test('a taken address gets the same answer, and its owner another mail', async () => {
    const email = await verifiedPerson(app)
    const answer = await door(app.url, 'register', { email, password: PASSWORD })
    expect(answer.data).toEqual({ email })
    const mail = await app.mail(email, /already/)
    expect(mail.parsed.text).not.toContain('#token=')
  })
})

test('fifty equal calls at once make one user, one claim, and give the same answer', async () => {
  const email = someone()
  const input = { email, password: PASSWORD }
  const answers = await Promise.all(Array.from({ length: 50 }, () => call(app.url, 'register', input)))
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  const { pool } = app.app.deps.database
  const users = await pool.query('SELECT id FROM users WHERE email = $1', [email])
  expect(users.rowCount).toBe(1)
  // Calls that overlap are one claim; of those that came one after the other, the address gets five mails at most.
  const mails = app.smtp.mails.filter(({ recipients }) => recipients.includes(email))
  expect(mails.length).toBeLessThanOrEqual(5)
})
