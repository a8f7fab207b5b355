import { type TestApp, startTestApp, tokenOf } from '../support/app'
import { call, me, rest } from '../support/client'
import { waitsForLock } from '../support/locks'
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
    const notice = await app.smtp.until(() => mailsTo(email)[0])
    expect(notice.parsed.text).not.toContain('#token=')
    expect((await me(app.url, { token: tokens.accessToken })).data).toMatchObject({ email })
    expect(await login(newEmail)).toBe('INVALID_CREDENTIALS')
  })

  test('answers the same for a taken address, whose owner is told without a link', async () => {
    const { tokens } = await signedIn(app)
    const [taken, free] = [await verifiedPerson(app), someone()]
    const answers = [await request(tokens.accessToken, taken), await request(tokens.accessToken, free)]
    expect(answers[0]?.text.replace(taken, '')).toBe(answers[1]?.text.replace(free, ''))
    const notice = await app.smtp.until(() => mailsTo(taken)[0])
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
      const { parsed } = await app.mail(address, /was changed/)
      expect(parsed.text).not.toContain('/confirm-email-change#token=')
      expect(parsed.text?.includes(`New address: ${newEmail}`)).toBe(address === newEmail)
    }
  })

  test('a link that is followed again succeeds again while it lives, and moves nothing a second time', async () => {
    const { user, newEmail, token } = await changing()
    await confirm(token)
    expect(await confirm(token)).toMatchObject({ code: 'SUCCESS', data: { email: newEmail } })
    const events = await sql(`SELECT 1 FROM audit_events WHERE user_id = $1 AND type = 'email_changed'`, [user.id])
    expect(events.rowCount).toBe(1)
    app.clock.pass(24 * HOUR)
    expect(await confirm(token)).toMatchObject({ code: 'EXPIRED_TOKEN' })
  })

  test('a link that was followed is void once the account has moved on to another address', async () => {
    const { token, newEmail, tokens } = await changing()
    await confirm(token)
    const third = someone()
    await request(tokens.accessToken, third)
    await confirm(await app.mailedToken(third))
    expect(await confirm(token)).toMatchObject({ code: 'INVALID_TOKEN' })
    expect(await login(newEmail)).toBe('INVALID_CREDENTIALS')
    expect(await login(third)).toBe('SUCCESS')
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

  test('an unverified account with the address is deleted when another account proves the address', async () => {
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
    expect(answers.map(({ code }) => code)).toEqual(Array(50).fill('SUCCESS'))
    expect(mailsTo(newEmail).filter(({ parsed }) => /changed/.test(parsed.subject ?? '')).length).toBeLessThan(2)
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

describe('a change that waits', () => {
  const pending = async (token: string) => (await me(app.url, { token })).data.pendingEmail
  const cancel = (token: string | undefined) =>
    call(app.url, 'cancelEmailChange', undefined, token === undefined ? {} : { token })
  const cancellations = async (userId: string) => {
    const text = `SELECT 1 FROM audit_events WHERE user_id = $1 AND type = 'email_change_cancelled'`
    return (await sql(text, [userId])).rowCount
  }

  test('can be seen by its owner, until it is confirmed', async () => {
    const { newEmail, token, tokens } = await changing()
    expect(await pending(tokens.accessToken)).toBe(newEmail)
    expect(await rest(app.url, 'me', undefined, { token: tokens.accessToken })).toMatchObject({
      data: { pendingEmail: newEmail },
    })
    await confirm(token)
    expect(await pending(tokens.accessToken)).toBeNull()
  })

  test('can be seen until its link has expired', async () => {
    const { tokens } = await changing()
    app.clock.pass(24 * HOUR - 60_000)
    const { refreshToken } = tokens
    const { data } = await call(app.url, 'refreshSession', { refreshToken })
    const { accessToken } = data.tokens as { accessToken: string }
    expect(await pending(accessToken)).not.toBeNull()
    app.clock.pass(60_000)
    expect(await pending(accessToken)).toBeNull()
  })

  test('looks the same for a taken address, for a free one, and where no mail goes out any more', async () => {
    const { tokens } = await signedIn(app)
    const taken = await verifiedPerson(app)
    await request(tokens.accessToken, taken)
    await app.smtp.until(() => mailsTo(taken)[0])
    expect(await pending(tokens.accessToken)).toBe(taken)
    const free = someone()
    for (let count = 0; count < 7; count += 1) await request(tokens.accessToken, free)
    expect(await pending(tokens.accessToken)).toBe(free)
  })

  test('can be cancelled: its link is void, the address stays', async () => {
    const { email, user, token, tokens } = await changing()
    expect(await cancel(tokens.accessToken)).toMatchObject({ code: 'SUCCESS', data: { email } })
    expect(await pending(tokens.accessToken)).toBeNull()
    expect(await confirm(token)).toMatchObject({ code: 'INVALID_TOKEN' })
    expect(await login(email)).toBe('SUCCESS')
    expect(await cancellations(user.id)).toBe(1)
  })

  test('can be cancelled before its mail has left: the mail never does', async () => {
    const { tokens } = await signedIn(app)
    const newEmail = someone()
    app.smtp.behaviourOf.set(newEmail, 450)
    await request(tokens.accessToken, newEmail)
    await app.smtp.waitForAttempts(newEmail, 1)
    await cancel(tokens.accessToken)
    app.smtp.behaviourOf.delete(newEmail)
    expect((await sql('SELECT 1 FROM mails WHERE recipient = $1', [newEmail])).rowCount).toBe(0)
  })

  test('where there is none, cancelling succeeds and writes nothing', async () => {
    const { email, user, tokens } = await signedIn(app)
    expect(await cancel(tokens.accessToken)).toMatchObject({ code: 'SUCCESS', data: { email } })
    expect(await cancellations(user.id)).toBe(0)
  })

  test('is cancelled by the signed-in only', async () => {
    expect(await cancel(undefined)).toMatchObject({ code: 'UNAUTHENTICATED' })
  })
})

// The race: the password is compared, changed by another request, and only then used.
test('an address is not asked to change by a password that was replaced while it was compared', async () => {
  const { user, email, tokens } = await signedIn(app)
  await settled(email)
  const newEmail = someone()
  const other = await app.app.deps.database.pool.connect()
  try {
    await other.query('BEGIN')
    await other.query('UPDATE users SET password_changed_at = now() WHERE id = $1', [user.id])
    const asked = request(tokens.accessToken, newEmail)
    await waitsForLock(other, asked)
    await other.query('COMMIT')
    expect(await asked).toMatchObject({ code: 'INVALID_CREDENTIALS' })
  } finally {
    other.release(true)
  }
  expect((await sql('SELECT 1 FROM mails WHERE recipient IN ($1, $2)', [email, newEmail])).rows).toEqual([])
})
