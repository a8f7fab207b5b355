import { type TestApp, startTestApp, tokenOf } from '../support/app'
import { DOORS, call, me } from '../support/client'
import { PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { until } from '../support/until'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const sql = (text: string, values: unknown[] = []) => app.app.deps.database.pool.query(text, values)
const mailsTo = (email: string) => app.smtp.mails.filter(({ recipients }) => recipients.includes(email))
/** Resolves once no mail to this address waits any more: it was sent, or dropped. */
const settled = (email: string) =>
  until(async () => (await sql('SELECT 1 FROM mails WHERE recipient = $1', [email])).rowCount === 0)

describe.each(DOORS)('requestReset by %s', (name, door) => {
  test('mails the owner a link to the page of the configured origin', async () => {
    const email = await verifiedPerson(app)
    const headers = { 'x-forwarded-host': 'evil.example', referer: 'https://evil.example/' }
    const answer = await door(app.url, 'requestReset', { email }, { headers })
    expect(answer).toMatchObject({ code: 'SUCCESS', status: name === 'REST' ? 202 : 200 })
    expect(answer.data).toEqual({ email })
    const mail = await app.mail(email, /new password/)
    expect(mail.parsed.text).toContain(`${app.config.publicUrl}/reset-password#token=`)
    expect(mail.source).not.toContain('evil.example')
  })

  test('known, unknown, unverified and disabled addresses get the same answer', async () => {
    const [known, unknown, unverified, disabled] = [
      await verifiedPerson(app),
      someone(),
      someone(),
      await verifiedPerson(app),
    ]
    await call(app.url, 'register', { email: unverified, password: PASSWORD })
    await sql('UPDATE users SET disabled_at = now() WHERE email = $1', [disabled])
    const answers = await Promise.all(
      [known, unknown, unverified, disabled].map(async (email) => {
        const { text, status, headers } = await door(app.url, 'requestReset', { email })
        return [text.replace(email, ''), status, [...headers.keys()]]
      }),
    )
    for (const answer of answers) expect(answer).toEqual(answers[0])
    for (const email of [known, unknown, unverified, disabled]) await settled(email)
    const subjects = (email: string) => mailsTo(email).map(({ parsed }) => /new password/.test(parsed.subject ?? ''))
    expect(subjects(known)).toContain(true)
    expect(subjects(unverified)).toContain(true)
    expect(subjects(unknown)).toEqual([])
    expect(subjects(disabled)).not.toContain(true)
  })

  test('what is no address is refused', async () => {
    const answer = await door(app.url, 'requestReset', { email: 'a@example.com,b@example.com' })
    expect(answer).toMatchObject({
      code: 'INVALID_INPUT',
      status: name === 'REST' ? 400 : 200,
      data: { fields: [{ field: 'email', code: 'INVALID_FORMAT' }] },
    })
  })

  test.each([undefined, null, 5, { contains: '' }])('an address of another type is refused: %j', async (email) => {
    expect(await door(app.url, 'requestReset', { email })).toMatchObject({ code: 'BAD_USER_INPUT', status: 400 })
  })

  test('an undeclared option is refused', async () => {
    const input = { email: someone(), redirectUrl: 'https://evil.example' }
    expect(await door(app.url, 'requestReset', input)).toMatchObject({ status: 400 })
  })
})

test('asking five times changes nothing about the account', async () => {
  const { email, tokens } = await signedIn(app)
  for (let index = 0; index < 5; index += 1) await call(app.url, 'requestReset', { email })
  await settled(email)
  expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
  await loggedIn(app, email)
})

test('of several links only the newest works', async () => {
  const email = await verifiedPerson(app)
  const links: string[] = []
  for (let count = 1; count <= 3; count += 1) {
    await call(app.url, 'requestReset', { email })
    links.push(tokenOf(await app.smtp.until(() => mailsTo(email)[count - 1])))
    app.clock.pass(1_000)
  }
  const [first, second, third] = links
  const password = 'copper lantern nine rivers'
  for (const token of [first, second]) {
    expect(await call(app.url, 'confirmReset', { token, password })).toMatchObject({ code: 'INVALID_TOKEN' })
  }
  expect(await call(app.url, 'confirmReset', { token: third, password })).toMatchObject({ code: 'SUCCESS' })
})

test('twenty requests at once leave one link that works', async () => {
  const email = await verifiedPerson(app)
  await Promise.all(Array.from({ length: 20 }, () => call(app.url, 'requestReset', { email })))
  await settled(email)
  const links = mailsTo(email).filter(({ parsed }) => /new password/.test(parsed.subject ?? ''))
  expect(links.length).toBeLessThanOrEqual(5)
  const codes: string[] = []
  for (const mail of links) {
    const input = { token: tokenOf(mail), password: 'copper lantern nine rivers' }
    codes.push((await call(app.url, 'confirmReset', input)).code)
  }
  expect(codes.filter((code) => code === 'SUCCESS')).toHaveLength(1)
  expect(codes.every((code) => code === 'SUCCESS' || code === 'INVALID_TOKEN')).toBe(true)
})

test('the mail is in the language of the account, not of whoever asks', async () => {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD, locale: 'es' })
  await call(app.url, 'verifyEmail', { token: await app.mailedToken(email) })
  await call(app.url, 'requestReset', { email }, { headers: { 'accept-language': 'de' } })
  const mail = await app.smtp.until(() => mailsTo(email)[1])
  expect(mail.parsed.subject).toMatch(/contraseña/)
})
