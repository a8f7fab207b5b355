import { type TestApp, codeOf, startTestApp, tokenOf } from '../support/app'
import { DOORS, type LoggedIn, call, me } from '../support/client'
import { change, personWithRoles } from '../support/operators'
import { SoftwarePasskey } from '../support/passkey'
import { NEW_PASSWORD, PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { type ReceivedWebhook, WebhookReceiver } from '../support/receiver'
import { secure } from '../support/totp'
import { until } from '../support/until'

const DAY = 86_400_000
const CHANGED = /was changed$/
const UNDONE = /was changed back/
const RESET = /new password/

let app: TestApp
let receiver: WebhookReceiver
beforeAll(async () => {
  receiver = await new WebhookReceiver().start()
  app = await startTestApp({
    env: { ...receiver.environment, LOGIN_CODE: 'on', SIGN_UP_BY_CODE: 'on', OPERATOR_API: 'on' },
  })
})
afterAll(async () => {
  await app.close()
  await receiver.stop()
})

const sql = (text: string, values: unknown[] = []) => app.app.deps.database.pool.query(text, values)
const mailsTo = (email: string) => app.smtp.mails.filter(({ recipients }) => recipients.includes(email))
const settled = (email: string) =>
  until(async () => (await sql('SELECT 1 FROM mails WHERE recipient = $1', [email])).rowCount === 0)
const undo = (token: string) => call(app.url, 'undoEmailChange', { token })
const login = async (email: string, password = PASSWORD) => (await call(app.url, 'login', { email, password })).code
const emailOf = async (id: string) =>
  (await sql('SELECT email FROM users WHERE id = $1', [id])).rows.map(({ email }: { email: string }) => email)[0]

/** Moves a signed-in account to another address, as whoever holds it does. */
async function move(token: string, newEmail = someone(), password = PASSWORD): Promise<string> {
  const asked = await call(app.url, 'requestEmailChange', { newEmail, password }, { token })
  expect(asked.code).toBe('SUCCESS')
  const link = await app.smtp.waitFor(newEmail, ({ parsed }) => (parsed.text ?? '').includes('/confirm-email-change#'))
  expect((await call(app.url, 'confirmEmailChange', { token: tokenOf(link) })).code).toBe('SUCCESS')
  return newEmail
}

/** The newest link to undo a change that was mailed to an address. */
const undoLink = async (email: string) =>
  tokenOf(await app.smtp.waitFor(email, ({ parsed }) => (parsed.text ?? '').includes('/undo-email-change#')))

/** An account that was moved from its owner's address to another one, with the owner's link. */
async function moved() {
  const owner = await signedIn(app)
  const newEmail = await move(owner.tokens.accessToken)
  return { ...owner, newEmail, link: await undoLink(owner.email) }
}

describe('the mails of a confirmed change', () => {
  test('the former address gets a link that undoes it, and the new one does not', async () => {
    const { email, newEmail } = await moved()
    const { parsed } = await app.mail(email, CHANGED)
    expect(parsed.text).toContain(`${app.config.publicUrl}/undo-email-change#token=`)
    expect(parsed.text).toContain('valid for 7 days')
    expect(`${parsed.text ?? ''}${String(parsed.html)}`).not.toContain(newEmail)
    expect((await app.mail(newEmail, CHANGED)).parsed.text).not.toContain('#token=')
  })

  test('the link is valid for 7 days', async () => {
    const [one, other] = [await moved(), await moved()]
    app.clock.pass(7 * DAY - 60_000)
    expect((await undo(one.link)).code).toBe('SUCCESS')
    app.clock.pass(60_000)
    expect((await undo(other.link)).code).toBe('EXPIRED_TOKEN')
    expect(await emailOf(other.user.id)).toBe(other.newEmail)
  })
})

describe('undoEmailChange', () => {
  test.each(DOORS)('restores the address by %s, and ends every session without starting one', async (_door, ask) => {
    const { email, newEmail, link, user, tokens } = await moved()
    const intruder = await loggedIn(app, newEmail)
    const answer = await ask(app.url, 'undoEmailChange', { token: link })
    expect(answer).toMatchObject({ code: 'SUCCESS', data: { email } })
    expect(answer.text).not.toMatch(/eyJ/)
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect(await emailOf(user.id)).toBe(email)
    for (const { accessToken, refreshToken } of [tokens, intruder.tokens]) {
      expect((await me(app.url, { token: accessToken })).code).toBe('UNAUTHENTICATED')
      expect((await call(app.url, 'refreshSession', { refreshToken })).code).toBe('INVALID_TOKEN')
    }
  })

  test('the password of before works nowhere; a mailed link lets the owner choose a new one', async () => {
    const { email, newEmail, link } = await moved()
    await undo(link)
    expect([await login(email), await login(newEmail)]).toEqual(['INVALID_CREDENTIALS', 'INVALID_CREDENTIALS'])
    const token = await app.mailedToken(email, RESET)
    expect((await call(app.url, 'confirmReset', { token, password: NEW_PASSWORD })).code).toBe('SUCCESS')
    const { user } = await loggedIn(app, email, NEW_PASSWORD)
    expect(user).toMatchObject({ email, emailVerified: true })
  })

  test('both addresses are told; the one that lost the account gets no link', async () => {
    const { email, newEmail, link } = await moved()
    await undo(link)
    await app.mail(email, UNDONE)
    await app.mail(newEmail, UNDONE)
    await settled(newEmail)
    for (const { parsed } of mailsTo(newEmail)) expect(parsed.text).not.toMatch(/undo-email-change|reset-password/)
  })

  test('no link that the new holder asked for outlives it', async () => {
    const { newEmail, link, user, tokens } = await moved()
    await call(app.url, 'requestReset', { email: newEmail })
    const reset = await app.mailedToken(newEmail, RESET)
    const next = someone()
    await call(app.url, 'requestEmailChange', { newEmail: next, password: PASSWORD }, { token: tokens.accessToken })
    const change = await app.mailedToken(next)
    await undo(link)
    expect((await call(app.url, 'confirmReset', { token: reset, password: NEW_PASSWORD })).code).toBe('INVALID_TOKEN')
    expect((await call(app.url, 'confirmEmailChange', { token: change })).code).toBe('INVALID_TOKEN')
    const { rows } = await sql('SELECT pending_email FROM users WHERE id = $1', [user.id])
    expect(rows).toEqual([{ pending_email: null }])
  })

  test.each([
    ['changed', (token: string) => call(app.url, 'changePassword', passwords, { token })],
    [
      'reset',
      async (_token: string, email: string) => {
        await call(app.url, 'requestReset', { email })
        return call(app.url, 'confirmReset', { token: await app.mailedToken(email, RESET), password: NEW_PASSWORD })
      },
    ],
  ])('the link outlives a password that the new holder has %s', async (_how, replace) => {
    const { email, newEmail, link, user, tokens } = await moved()
    expect((await replace(tokens.accessToken, newEmail)).code).toBe('SUCCESS')
    expect((await undo(link)).code).toBe('SUCCESS')
    expect(await emailOf(user.id)).toBe(email)
    expect(await login(email, NEW_PASSWORD)).toBe('INVALID_CREDENTIALS')
  })
  const passwords = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }

  test('second factors that were added since the day before the change go, and earlier ones stay', async () => {
    const owner = await signedIn(app)
    const own = await secure(app, owner.tokens.accessToken)
    const aged = "SET created_at = created_at - interval '25 hours' WHERE user_id = $1"
    for (const table of ['totp_factors', 'recovery_codes']) await sql(`UPDATE ${table} ${aged}`, [owner.user.id])
    const prepared = await addPasskey(own.tokens.accessToken)
    const newEmail = await move(own.tokens.accessToken)
    const link = await undoLink(owner.email)
    const passkey = await addPasskey(own.tokens.accessToken)
    expect((await undo(link)).code).toBe('SUCCESS')
    expect(await passkeyLogin(passkey)).toBe('INVALID_CREDENTIALS')
    expect(await passkeyLogin(prepared)).toBe('INVALID_CREDENTIALS')
    const factors = await sql('SELECT id FROM totp_factors WHERE user_id = $1', [owner.user.id])
    expect(factors.rows).toEqual([{ id: own.factorId }])
    const codes = await sql('SELECT 1 FROM recovery_codes WHERE user_id = $1', [owner.user.id])
    expect(codes.rowCount).toBe(10)
    expect(newEmail).not.toBe(owner.email)
  })

  test('an account whose only factors were added since the change needs the new password alone', async () => {
    const { email, link, tokens } = await moved()
    await secure(app, tokens.accessToken)
    await undo(link)
    const token = await app.mailedToken(email, RESET)
    await call(app.url, 'confirmReset', { token, password: NEW_PASSWORD })
    expect(await login(email, NEW_PASSWORD)).toBe('SUCCESS')
  })

  test('is told to the audit, to the owner and to webhooks', async () => {
    const { email, link, user } = await moved()
    await undo(link)
    const { rows } = await sql(`SELECT details FROM audit_events WHERE user_id = $1 AND type = 'email_change_undone'`, [
      user.id,
    ])
    expect(rows).toEqual([{ details: { factors: 0, sessions: 1 } }])
    const line = app.log.find(({ event, userId }) => event === 'email_change_undone' && userId === user.id)
    expect(JSON.stringify(line)).not.toContain(email)
    const isOf =
      (type: string) =>
      ({ event }: ReceivedWebhook) =>
        event.type === type && event.data.userId === user.id
    await receiver.waitForCount(2, isOf('user.email_changed'))
    const { event } = await receiver.waitFor(isOf('session.ended'))
    expect(event.data).toMatchObject({ scope: 'ALL', reason: 'REVOKED' })
  })

  test('fifty uses of one link at once: one wins, and one set of mails is sent', async () => {
    const { email, newEmail, link, user } = await moved()
    const answers = await Promise.all(Array.from({ length: 50 }, () => undo(link)))
    const codes = answers.map(({ code }) => code).sort()
    expect(codes).toEqual([...Array<string>(49).fill('INVALID_TOKEN'), 'SUCCESS'])
    expect(await emailOf(user.id)).toBe(email)
    await settled(email)
    await settled(newEmail)
    const count = (address: string, subject: RegExp) =>
      mailsTo(address).filter(({ parsed }) => subject.test(parsed.subject ?? '')).length
    expect([count(email, UNDONE), count(newEmail, UNDONE), count(email, RESET)]).toEqual([1, 1, 1])
  })

  test.each([
    ['is unknown', () => Promise.resolve('x'.repeat(43))],
    ['is malformed', () => Promise.resolve('x')],
    [
      'is that of the change itself',
      async () => {
        const { tokens } = await signedIn(app)
        const newEmail = someone()
        await call(app.url, 'requestEmailChange', { newEmail, password: PASSWORD }, { token: tokens.accessToken })
        return app.mailedToken(newEmail)
      },
    ],
    [
      'belongs to an account that was disabled',
      async () => {
        const { link, user } = await moved()
        await sql('UPDATE users SET disabled_at = now() WHERE id = $1', [user.id])
        return link
      },
    ],
    [
      'belongs to an account that was deleted',
      async () => {
        const { link, tokens } = await moved()
        const { accessToken: token } = tokens
        expect((await call(app.url, 'deleteAccount', { password: PASSWORD }, { token })).code).toBe('SUCCESS')
        return link
      },
    ],
  ])('a token that %s is refused', async (_what, make) => {
    expect((await undo(await make())).code).toBe('INVALID_TOKEN')
  })

  async function addPasskey(token: string): Promise<SoftwarePasskey> {
    const passkey = new SoftwarePasskey(app.config.publicUrl)
    const { data } = await call(app.url, 'startPasskeyRegistration', undefined, { token })
    const { challenge, options } = data as { challenge: string; options: Record<string, unknown> }
    const response = passkey.create(options)
    expect((await call(app.url, 'registerPasskey', { challenge, response }, { token })).code).toBe('SUCCESS')
    return passkey
  }

  async function passkeyLogin(passkey: SoftwarePasskey): Promise<string> {
    const { data } = await call(app.url, 'startPasskeyLogin')
    const { challenge, options } = data as { challenge: string; options: Record<string, unknown> }
    return (await call(app.url, 'loginWithPasskey', { challenge, response: passkey.get(options) })).code
  }
})

describe('several changes in a row', () => {
  /** An account that went from its owner's address by a second one to a third. */
  async function movedTwice() {
    const { link: first, ...owner } = await moved()
    const third = await move(owner.tokens.accessToken)
    return { ...owner, third, first, second: await undoLink(owner.newEmail) }
  }

  test('the link of each former address restores that one', async () => {
    const { newEmail, second, user } = await movedTwice()
    expect(await undo(second)).toMatchObject({ code: 'SUCCESS', data: { email: newEmail } })
    expect(await emailOf(user.id)).toBe(newEmail)
  })

  test('the link of an earlier change ends those of later ones', async () => {
    const { email, first, second, user } = await movedTwice()
    expect(await undo(first)).toMatchObject({ code: 'SUCCESS', data: { email } })
    expect((await undo(second)).code).toBe('INVALID_TOKEN')
    expect(await emailOf(user.id)).toBe(email)
  })

  test('the link of a later change leaves those of earlier ones: who had the account first gets it', async () => {
    const { email, first, second, user } = await movedTwice()
    await undo(second)
    expect(await undo(first)).toMatchObject({ code: 'SUCCESS', data: { email } })
    expect(await emailOf(user.id)).toBe(email)
  })

  test('an account that its owner moved back gives the address in between no link', async () => {
    const { email, newEmail, link, user, tokens } = await moved()
    await move(tokens.accessToken, email)
    await settled(newEmail)
    for (const { parsed } of mailsTo(newEmail)) expect(parsed.text).not.toContain('/undo-email-change#')
    expect((await undo(link)).code).toBe('INVALID_TOKEN')
    expect(await emailOf(user.id)).toBe(email)
    expect(await login(email)).toBe('SUCCESS')
  })
})

describe('for 7 days the former address is kept', () => {
  test('nobody who registers it gets a link or a code, and its owner gets the undo link again', async () => {
    const { email, link } = await moved()
    const fresh = someone()
    const answers = [email, fresh].map((address) =>
      call(app.url, 'register', { email: address, password: NEW_PASSWORD }),
    )
    const [kept, free] = await Promise.all(answers)
    expect(kept?.text.replace(email, '')).toBe(free?.text.replace(fresh, ''))
    expect([await login(email, NEW_PASSWORD), await login(fresh, NEW_PASSWORD)]).toEqual(
      Array(2).fill('EMAIL_NOT_VERIFIED'),
    )
    await call(app.url, 'resendVerification', { email })
    await call(app.url, 'requestReset', { email })
    await call(app.url, 'requestLoginCode', { email })
    await settled(email)
    const [notice, ...mails] = mailsTo(email)
    expect(notice?.parsed.subject).toMatch(/was requested/)
    expect(mails.map((mail) => tokenOf(mail))).toEqual(Array(5).fill(link))
  })

  test('the mails that repeat the link are capped', async () => {
    const { email } = await moved()
    for (let asked = 0; asked < 7; asked += 1) await call(app.url, 'requestReset', { email })
    await settled(email)
    const repeated = mailsTo(email).filter(({ parsed }) => CHANGED.test(parsed.subject ?? ''))
    expect(repeated.length).toBe(1 + 5)
  })

  test('no other account moves to it, and the one that left it may return', async () => {
    const { email, tokens } = await moved()
    const other = await signedIn(app)
    const asked = { newEmail: email, password: PASSWORD }
    await call(app.url, 'requestEmailChange', asked, { token: other.tokens.accessToken })
    await settled(email)
    for (const { parsed } of mailsTo(email)) expect(parsed.text).not.toContain('/confirm-email-change#')
    await move(tokens.accessToken, email)
  })

  test('a code that was mailed before the change makes no new account with it', async () => {
    const owner = await signedIn(app)
    const { data } = await call(app.url, 'requestLoginCode', { email: owner.email })
    const code = codeOf(await app.mail(owner.email, /sign-in code/))
    await move(owner.tokens.accessToken)
    const answer = await call(app.url, 'loginWithCode', { challenge: data.challenge, code })
    expect(answer.code).toBe('INVALID_CREDENTIALS')
    expect((await sql('SELECT 1 FROM users WHERE email = $1', [owner.email])).rowCount).toBe(0)
  })

  test('who has registered it meanwhile loses it to the link', async () => {
    const { email, link, user } = await moved()
    await call(app.url, 'register', { email, password: NEW_PASSWORD })
    expect((await undo(link)).code).toBe('SUCCESS')
    expect((await sql('SELECT id FROM users WHERE email = $1', [email])).rows).toEqual([{ id: user.id }])
    expect(await login(email, NEW_PASSWORD)).toBe('INVALID_CREDENTIALS')
  })

  test('operators cannot give it away', async () => {
    const { token } = await personWithRoles(app, { roles: ['operator'], aal: 2 })
    const { email } = await moved()
    const selection = 'user { id }'
    const created = await change(app, 'createUser', { token, input: { email }, selection })
    expect(created.code).toBe('ALREADY_EXISTS')
    await call(app.url, 'register', { email, password: NEW_PASSWORD })
    const { rows } = await sql('SELECT id FROM users WHERE email = $1', [email])
    const [{ id: userId } = { id: '' }] = rows as { id: string }[]
    const verified = await change(app, 'markEmailVerified', { token, input: { userId }, selection })
    expect(verified.code).toBe('ALREADY_EXISTS')
  })

  // What an instance of the release before writes, which knows of no former address.
  test.each([
    ['verifies', 'UPDATE users SET email_verified_at = now(), updated_at = $2 WHERE email = $1'],
    ['moves', 'UPDATE users SET email = $1, updated_at = $2 WHERE email = $3'],
    ['imports', `INSERT INTO users (email, password_hash, email_verified_at, updated_at) VALUES ($1, '!', now(), $2)`],
  ])('the database refuses whoever %s it', async (_what, statement) => {
    const { email } = await moved()
    if (statement.includes('WHERE email = $1')) await call(app.url, 'register', { email, password: NEW_PASSWORD })
    const other = await verifiedPerson(app)
    const write = (now: Date) => sql(statement, [email, now, other].slice(0, statement.includes('$3') ? 3 : 2))
    await expect(write(app.clock.now())).rejects.toMatchObject({ code: '23505' })
    app.clock.pass(7 * DAY)
    expect((await write(app.clock.now())).rowCount).toBe(1)
  })

  test('the database refuses it among many that one statement inserts, and unverified ones cost nothing', async () => {
    const { email } = await moved()
    const insert = (verifiedAt: Date | null) =>
      sql(
        `INSERT INTO users (email, password_hash, email_verified_at, updated_at)
         SELECT unnest($1::text[]), '!', $2, $3`,
        [[someone(), email, someone()], verifiedAt, app.clock.now()],
      )
    await expect(insert(app.clock.now())).rejects.toMatchObject({ code: '23505' })
    expect((await insert(null)).rowCount).toBe(3)
  })

  test('the database refuses whoever inserts it while the change is being made', async () => {
    const { email, user } = await signedIn(app)
    const { pool } = app.app.deps.database
    const [changing, inserting] = [await pool.connect(), await pool.connect()]
    try {
      await changing.query('BEGIN')
      await changing.query('UPDATE users SET email = $2 WHERE id = $1', [user.id, someone()])
      const values = [email, app.clock.now()]
      const inserted = inserting.query(
        `INSERT INTO users (email, password_hash, email_verified_at, updated_at) VALUES ($1, '!', now(), $2)`,
        values,
      )
      const refused = expect(inserted).rejects.toMatchObject({ code: '23505' })
      const waiting = `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO users%'`
      await until(async () => ((await pool.query(waiting)).rowCount ?? 0) > 0)
      await changing.query(
        `INSERT INTO former_emails (user_id, email, token_hash, changed_at, expires_at)
         VALUES ($1, $2, sha256('waiting'), $3, $3::timestamptz + interval '7 days')`,
        [user.id, ...values],
      )
      await changing.query('COMMIT')
      await refused
    } finally {
      for (const client of [changing, inserting]) client.release(true)
    }
  })

  test('afterwards anybody may have it', async () => {
    const { email } = await moved()
    app.clock.pass(7 * DAY)
    await call(app.url, 'register', { email, password: NEW_PASSWORD })
    const link = await app.smtp.waitFor(email, ({ parsed }) => (parsed.text ?? '').includes('/verify-email#'))
    expect((await call(app.url, 'verifyEmail', { token: tokenOf(link) })).code).toBe('SUCCESS')
    const next = (await call(app.url, 'login', { email, password: NEW_PASSWORD })).data as unknown as LoggedIn
    // Its new owner moves on as well: the earlier row does not stand in the way.
    await move(next.tokens.accessToken, someone(), NEW_PASSWORD)
    const { rows } = await sql('SELECT user_id FROM former_emails WHERE email = $1', [email])
    expect(rows).toEqual([{ user_id: next.user.id }])
  })

  test('the account is gone: so is what was kept, and the owner of before is told', async () => {
    const { email, tokens } = await moved()
    await call(app.url, 'deleteAccount', { password: PASSWORD }, { token: tokens.accessToken })
    await app.mail(email, /was deleted/)
    expect((await sql('SELECT 1 FROM former_emails WHERE email = $1', [email])).rowCount).toBe(0)
    await call(app.url, 'register', { email, password: NEW_PASSWORD })
    await app.smtp.waitFor(email, ({ parsed }) => (parsed.text ?? '').includes('/verify-email#'))
  })
})
