import { type TestApp, startTestApp, tokenOf } from '../support/app'
import { call, me } from '../support/client'
import { NEW_PASSWORD, PASSWORD, signedIn, someone, verifiedPerson } from '../support/people'
import { until } from '../support/until'

const HOUR = 3_600_000

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const sql = (text: string, values: unknown[] = []) => app.app.deps.database.pool.query(text, values)
const mailsTo = (email: string) => app.smtp.mails.filter(({ recipients }) => recipients.includes(email))
const settled = (email: string) =>
  until(async () => (await sql('SELECT 1 FROM mails WHERE recipient = $1', [email])).rowCount === 0)
const request = (token: string | undefined, newEmail: string, password = PASSWORD) =>
  call(app.url, 'requestEmailChange', { newEmail, password }, token === undefined ? {} : { token })
const confirm = (token: string) => call(app.url, 'confirmEmailChange', { token })
const login = async (email: string, password = PASSWORD) => (await call(app.url, 'login', { email, password })).code

/** A signed-in person whose change to a new address waits for its link to be followed. */
async function changing() {
  const person = await signedIn(app)
  const newEmail = someone()
  await request(person.tokens.accessToken, newEmail)
  return { ...person, newEmail, token: await app.mailedToken(newEmail) }
}

describe('requestEmailChange', () => {
  test('mails the new address a link and the present one a notice, and changes nothing yet', async () => {
    const { email, tokens } = await signedIn(app)
    const newEmail = someone()
    const answer = await request(tokens.accessToken, newEmail.toUpperCase())
    expect(answer).toMatchObject({ code: 'SUCCESS', data: { newEmail } })
    const link = await app.mail(newEmail)
    expect(link.parsed.text).toContain(`${app.config.publicUrl}/confirm-email-change#token=`)
    const notice = await app.smtp.until(() => mailsTo(email)[1])
    expect(notice.parsed.text).not.toContain('#token=')
    expect((await me(app.url, { token: tokens.accessToken })).data).toMatchObject({ email })
    expect(await login(newEmail)).toBe('INVALID_CREDENTIALS')
  })

  test('answers the same for a taken address, whose owner is told without a link', async () => {
    const { tokens } = await signedIn(app)
    const [taken, free] = [await verifiedPerson(app), someone()]
    const answers = [await request(tokens.accessToken, taken), await request(tokens.accessToken, free)]
    expect(answers[0]?.text.replace(taken, '')).toBe(answers[1]?.text.replace(free, ''))
    const notice = await app.smtp.until(() => mailsTo(taken)[1])
    expect(notice.parsed.text).not.toContain('#token=')
  })

  test.each([
    ['no address', 'a@b@example.com', PASSWORD, [['newEmail', 'INVALID_FORMAT']]],
    [
      'nothing',
      '',
      '',
      [
        ['newEmail', 'REQUIRED'],
        ['password', 'REQUIRED'],
      ],
    ],
  ])('%s is refused', async (_what, newEmail, password, problems) => {
    const { tokens } = await signedIn(app)
    const answer = await request(tokens.accessToken, newEmail, password)
    expect(answer.code).toBe('INVALID_INPUT')
    const fields = answer.data.fields as { field: string; code: string }[]
    expect(fields.map(({ field, code }) => [field, code])).toEqual(problems)
  })

  test('the present address is no new one', async () => {
    const { email, tokens } = await signedIn(app)
    expect(await request(tokens.accessToken, ` ${email.toUpperCase()}`)).toMatchObject({
      code: 'INVALID_INPUT',
      data: { fields: [{ field: 'newEmail', code: 'UNCHANGED' }] },
    })
  })

  test('a wrong password is refused, and nobody is mailed', async () => {
    const { email, tokens } = await signedIn(app)
    const newEmail = someone()
    const answer = await request(tokens.accessToken, newEmail, 'another tractor seven moons')
    expect(answer.code).toBe('INVALID_CREDENTIALS')
    const { rowCount } = await sql('SELECT 1 FROM mails WHERE recipient = ANY($1)', [[email, newEmail]])
    expect(rowCount).toBe(0)
    expect(mailsTo(newEmail)).toEqual([])
  })

  test('it is for the signed-in only', async () => {
    expect(await request(undefined, someone())).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('a newer request voids the link of the older', async () => {
    const { tokens, newEmail, token } = await changing()
    app.clock.pass(1_000)
    const newer = someone()
    await request(tokens.accessToken, newer)
    const newest = await app.mailedToken(newer)
    expect(await confirm(token)).toMatchObject({ code: 'INVALID_TOKEN' })
    expect(await confirm(newest)).toMatchObject({ code: 'SUCCESS' })
    expect(await login(newEmail)).toBe('INVALID_CREDENTIALS')
  })

  test('its mails are capped like all that somebody else can cause', async () => {
    const { tokens } = await signedIn(app)
    const newEmail = someone()
    for (let count = 0; count < 7; count += 1) {
      expect(await request(tokens.accessToken, newEmail)).toMatchObject({ code: 'SUCCESS' })
    }
    await settled(newEmail)
    expect(mailsTo(newEmail).length).toBeLessThanOrEqual(5)
  })
})

describe('confirmEmailChange', () => {
  test('moves the account to the new address, keeps its sessions, and tells both', async () => {
    const { email, newEmail, token, tokens } = await changing()
    await me(app.url, { token: tokens.accessToken })
    expect(await confirm(token)).toMatchObject({ code: 'SUCCESS', data: { email: newEmail } })
    expect((await me(app.url, { token: tokens.accessToken })).data).toMatchObject({
      email: newEmail,
      emailVerified: true,
    })
    expect(await login(newEmail)).toBe('SUCCESS')
    expect(await login(email)).toBe('INVALID_CREDENTIALS')
    for (const address of [email, newEmail]) {
      const { parsed } = await app.mail(address, /was changed|has changed|changed/)
      expect(parsed.text).not.toContain('#token=')
    }
  })

  test('a link works once', async () => {
    const { token } = await changing()
    await confirm(token)
    expect(await confirm(token)).toMatchObject({ code: 'INVALID_TOKEN' })
  })

  test('a link lives as long as one that verifies', async () => {
    const { email, token } = await changing()
    app.clock.pass(24 * HOUR)
    expect(await confirm(token)).toMatchObject({ code: 'EXPIRED_TOKEN' })
    expect(await login(email)).toBe('SUCCESS')
  })

  test('an address that was taken meanwhile stays with its owner', async () => {
    const { email, newEmail, token } = await changing()
    await call(app.url, 'register', { email: newEmail, password: NEW_PASSWORD })
    const claim = await app.smtp.waitFor(newEmail, ({ parsed }) => (parsed.text ?? '').includes('/verify-email#token='))
    expect(await call(app.url, 'verifyEmail', { token: tokenOf(claim) })).toMatchObject({ code: 'SUCCESS' })
    expect(await confirm(token)).toMatchObject({ code: 'INVALID_TOKEN' })
    expect(await login(newEmail, NEW_PASSWORD)).toBe('SUCCESS')
    expect(await login(email)).toBe('SUCCESS')
  })

  test('a mere claim on the address gives way to who proves it', async () => {
    const { newEmail, token } = await changing()
    await call(app.url, 'register', { email: newEmail, password: NEW_PASSWORD })
    expect(await confirm(token)).toMatchObject({ code: 'SUCCESS' })
    expect(await login(newEmail, NEW_PASSWORD)).toBe('INVALID_CREDENTIALS')
    expect(await login(newEmail)).toBe('SUCCESS')
  })

  test('a reset link that went to the old address is void', async () => {
    const { email, token } = await changing()
    await call(app.url, 'requestReset', { email })
    const reset = await app.mailedToken(email, /new password/)
    await confirm(token)
    const input = { token: reset, password: NEW_PASSWORD }
    expect(await call(app.url, 'confirmReset', input)).toMatchObject({ code: 'INVALID_TOKEN' })
  })

  test('a password that was changed voids it', async () => {
    const { token, tokens } = await changing()
    const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
    await call(app.url, 'changePassword', change, { token: tokens.accessToken })
    expect(await confirm(token)).toMatchObject({ code: 'INVALID_TOKEN' })
  })

  test('fifty uses of one link at once move the account once', async () => {
    const { user, newEmail, token } = await changing()
    const answers = await Promise.all(Array.from({ length: 50 }, () => confirm(token)))
    expect(answers.filter(({ code }) => code === 'SUCCESS')).toHaveLength(1)
    expect(answers.filter(({ code }) => code === 'INVALID_TOKEN')).toHaveLength(49)
    const events = await sql(`SELECT 1 FROM audit_events WHERE user_id = $1 AND type = 'email_changed'`, [user.id])
    expect(events.rowCount).toBe(1)
    expect(await login(newEmail)).toBe('SUCCESS')
  })

  test('of two accounts that move to one address at once, one gets it', async () => {
    const newEmail = someone()
    const people = [await signedIn(app), await signedIn(app)]
    for (const { tokens } of people) await request(tokens.accessToken, newEmail)
    const links = await app.smtp.until(() => (mailsTo(newEmail).length === 2 ? mailsTo(newEmail) : undefined))
    const linked = links.map(({ parsed }) => /#token=([\w-]{43})/.exec(parsed.text ?? '')?.[1] ?? '')
    const answers = await Promise.all(linked.map(confirm))
    expect(answers.map(({ code }) => code).sort()).toEqual(['INVALID_TOKEN', 'SUCCESS'])
    expect((await sql('SELECT 1 FROM users WHERE email = $1', [newEmail])).rowCount).toBe(1)
  })
})
