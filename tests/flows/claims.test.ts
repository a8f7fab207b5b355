import bcrypt from 'bcrypt'
import { v7 as uuidv7 } from 'uuid'
import { type TestApp, startTestApp, tokenOf } from '../support/app'
import { DOORS, call } from '../support/client'
import { PASSWORD, loggedIn, someone, verifiedPerson } from '../support/people'
import { until } from '../support/until'

let app: TestApp
/** Another instance of the same installation. */
let other: TestApp
beforeAll(async () => {
  app = await startTestApp()
  other = await startTestApp({ databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock })
})
afterAll(async () => {
  await other.close()
  await app.close()
})

const STRANGERS = 'silver anchor five meadows'
const CHOSEN = 'thirteen quiet harbours glow'
const HOUR = 3_600_000

const sql = async <Row>(text: string, values: unknown[] = []) => {
  const { rows } = await app.app.deps.database.pool.query(text, values)
  return rows as Row[]
}
const account = async (email: string) => {
  const [row] = await sql<{ password_hash: string; display_name: string | null; locale: string }>(
    'SELECT password_hash, display_name, locale FROM users WHERE email = $1',
    [email],
  )
  return row
}
const logsIn = async (email: string, password: string) => (await call(app.url, 'login', { email, password })).code
/** Mails that reached an address, oldest first, once none to it waits any more. */
async function mailsTo(email: string) {
  await until(async () => (await sql('SELECT 1 FROM mails WHERE recipient = $1', [email])).length === 0)
  return app.smtp.mails.filter(({ recipients }) => recipients.includes(email))
}
async function linksTo(email: string): Promise<string[]> {
  const verifying = (await mailsTo(email)).filter(({ parsed }) => parsed.text?.includes('/verify-email#token='))
  return verifying.map(tokenOf)
}

type Step = (email: string) => Promise<unknown>
const mail = (step: Step): Step => {
  return async (email) => {
    await step(email)
    await mailsTo(email)
  }
}
let guesses = 0
const stranger = mail((email) => call(app.url, 'register', { email, password: STRANGERS, displayName: 'Stranger' }))
const strangersOther = mail((email) =>
  call(app.url, 'register', { email, password: `${STRANGERS} ${String((guesses += 1))}` }),
)
const owner = mail((email) => call(app.url, 'register', { email, password: PASSWORD, displayName: 'Owner' }))
const resend = mail((email) => call(app.url, 'resendVerification', { email }))
const reset = mail((email) => call(app.url, 'requestReset', { email }))
const times = (count: number, step: Step): Step[] => Array<Step>(count).fill(step)

describe('of several registrations no password counts, whichever link is followed', () => {
  const STORIES: [story: string, steps: Step[]][] = [
    ['a stranger before the owner', [stranger, owner]],
    ['a stranger after the owner', [owner, stranger]],
    ['a stranger, the owner, another link', [stranger, owner, resend]],
    ['the owner, a stranger, another link', [owner, stranger, resend]],
    ['another link in between', [stranger, resend, owner]],
    ['a stranger who spends the mails of the hour', [stranger, ...times(4, strangersOther), owner]],
    ['a stranger who spends them by asking for links', [stranger, ...times(4, resend), owner, resend]],
    ['a stranger who spends them by resets', [stranger, ...times(5, reset), owner]],
    ['a stranger again and again', [stranger, owner, ...times(3, strangersOther), stranger]],
  ]
  describe.each(STORIES)('%s', (_story, steps) => {
    test.each([
      ['first', 0],
      ['last', -1],
    ])('the %s link', async (_which, index) => {
      const email = someone()
      for (const step of steps) await step(email)
      const links = await linksTo(email)
      const token = links.at(index) ?? ''
      const { code, data } = await call(app.url, 'verifyEmail', { token })
      expect({ code, email: data.email }).toEqual({ code: 'SUCCESS', email })
      for (const password of [STRANGERS, PASSWORD]) expect(await logsIn(email, password)).toBe('INVALID_CREDENTIALS')
      expect(await account(email)).toMatchObject({ password_hash: '!', display_name: null })
      for (const link of links.filter((other) => other !== token)) {
        expect((await call(app.url, 'verifyEmail', { token: link })).code).toBe('INVALID_TOKEN')
      }

      const chosen = await call(app.url, 'confirmReset', { token: data.resetToken, password: CHOSEN })
      expect(chosen).toMatchObject({ code: 'SUCCESS', data: { revokedSessions: 0 } })
      expect(await logsIn(email, CHOSEN)).toBe('SUCCESS')
      expect(await logsIn(email, STRANGERS)).toBe('INVALID_CREDENTIALS')
    })
  })
})

async function contested(): Promise<{ email: string; token: string }> {
  const email = someone()
  await stranger(email)
  await owner(email)
  return { email, token: (await linksTo(email)).at(-1) ?? '' }
}

describe.each(DOORS)('the reset token of a followed link, by %s', (_name, door) => {
  test('is answered where several registrations wait, and null where one does', async () => {
    const { token } = await contested()
    const several = await door(app.url, 'verifyEmail', { token })
    expect(several.data).toEqual({
      email: expect.any(String) as string,
      resetToken: expect.stringMatching(/^[\w-]{43}$/) as string,
    })
    const email = someone()
    await owner(email)
    const [only] = await linksTo(email)
    expect((await door(app.url, 'verifyEmail', { token: only })).data).toEqual({ email, resetToken: null })
  })

  test('is the same when the link is followed again, until a password is chosen', async () => {
    const { token } = await contested()
    const first = await door(app.url, 'verifyEmail', { token })
    const again = await door(app.url, 'verifyEmail', { token })
    expect(again.data).toEqual(first.data)
    const { resetToken } = first.data
    expect((await call(app.url, 'confirmReset', { token: resetToken, password: CHOSEN })).code).toBe('SUCCESS')
    expect(await door(app.url, 'verifyEmail', { token })).toMatchObject({ code: 'SUCCESS', data: { resetToken: null } })
    expect((await call(app.url, 'confirmReset', { token: resetToken, password: PASSWORD })).code).toBe('INVALID_TOKEN')
  })

  test('lives for an hour after the link was followed last', async () => {
    const { email, token } = await contested()
    const { data } = await door(app.url, 'verifyEmail', { token })
    app.clock.pass(HOUR)
    const choose = (resetToken: unknown) => call(app.url, 'confirmReset', { token: resetToken, password: CHOSEN })
    expect((await choose(data.resetToken)).code).toBe('EXPIRED_TOKEN')
    const again = await door(app.url, 'verifyEmail', { token })
    expect((await choose(again.data.resetToken)).code).toBe('SUCCESS')
    expect(await logsIn(email, CHOSEN)).toBe('SUCCESS')
  })

  test('a reset link that is mailed later voids it', async () => {
    const { email, token } = await contested()
    const { data } = await door(app.url, 'verifyEmail', { token })
    app.clock.pass(1_000)
    await reset(email)
    const input = { token: data.resetToken, password: CHOSEN }
    expect((await call(app.url, 'confirmReset', input)).code).toBe('INVALID_TOKEN')
    const mailed = await app.mailedToken(email, /new password/)
    expect((await call(app.url, 'confirmReset', { ...input, token: mailed })).code).toBe('SUCCESS')
  })

  test('is no verification token, and a verification token is no reset token', async () => {
    const { token } = await contested()
    const { data } = await door(app.url, 'verifyEmail', { token })
    expect((await call(app.url, 'verifyEmail', { token: data.resetToken })).code).toBe('INVALID_TOKEN')
    expect((await call(app.url, 'confirmReset', { token, password: CHOSEN })).code).toBe('INVALID_TOKEN')
  })
})

test('fifty follow one link of several registrations at once: one change, one reset token, one password', async () => {
  const { email, token } = await contested()
  const instances = [app, other]
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => call(instances[index % 2]?.url ?? '', 'verifyEmail', { token })),
  )
  const tokens = new Set(answers.map(({ code, data }) => `${code} ${String(data.resetToken)}`))
  expect(tokens.size).toBe(1)
  const events = await sql(
    "SELECT 1 FROM audit_events e JOIN users u ON u.id = e.user_id WHERE type = 'email_verified' AND email = $1",
    [email],
  )
  expect(events).toHaveLength(1)
  const resetToken = answers[0]?.data.resetToken
  const resets = await Promise.all(
    Array.from({ length: 10 }, () => call(app.url, 'confirmReset', { token: resetToken, password: CHOSEN })),
  )
  expect(resets.filter(({ code }) => code === 'SUCCESS')).toHaveLength(1)
})

test('fifty follow two links of two registrations at once: one verifies, the other is void', async () => {
  const { email } = await contested()
  const links = await linksTo(email)
  const calls = Array.from({ length: 50 }, async (_, index) => {
    const token = links[index % 2]
    return { token, code: (await call(app.url, 'verifyEmail', { token })).code }
  })
  const winners = (await Promise.all(calls)).filter(({ code }) => code === 'SUCCESS').map(({ token }) => token)
  expect(new Set(winners).size).toBe(1)
  expect(await logsIn(email, STRANGERS)).toBe('INVALID_CREDENTIALS')
  expect(await logsIn(email, PASSWORD)).toBe('INVALID_CREDENTIALS')
})

test('a registration and the link of another at once: its password never counts', async () => {
  for (let round = 0; round < 5; round += 1) {
    const email = someone()
    await owner(email)
    const [token] = await linksTo(email)
    const input = { email, password: STRANGERS }
    await Promise.all([call(app.url, 'verifyEmail', { token }), call(other.url, 'register', input)])
    expect(await logsIn(email, STRANGERS)).not.toBe('SUCCESS')
  }
})

test('a registration leaves the account as it is: password, name and language wait beside it', async () => {
  const email = someone()
  const input = { email, password: PASSWORD, displayName: 'Ada', locale: 'de' }
  await call(app.url, 'register', input)
  expect(await account(email)).toEqual({ password_hash: '!', display_name: null, locale: 'en' })
  const [token] = await linksTo(email)
  await call(app.url, 'verifyEmail', { token })
  expect(await account(email)).toMatchObject({ display_name: 'Ada', locale: 'de' })
  await stranger(email)
  expect(await account(email)).toMatchObject({ display_name: 'Ada', locale: 'de' })
  expect(await logsIn(email, PASSWORD)).toBe('SUCCESS')
})

test('who follows a link of several registrations, or resets a bare account, has the language that they speak', async () => {
  const headers = { 'accept-language': 'fr' }
  const { email, token } = await contested()
  await call(app.url, 'verifyEmail', { token }, { headers })
  expect(await account(email)).toMatchObject({ locale: 'fr' })

  const bare = someone()
  await owner(bare)
  await call(app.url, 'requestReset', { email: bare }, { headers })
  const { parsed } = await app.mail(bare, /mot de passe/)
  const resetToken = /#token=([\w-]{43})/.exec(parsed.text ?? '')?.[1]
  await call(app.url, 'confirmReset', { token: resetToken, password: CHOSEN }, { headers })
  expect(await account(bare)).toMatchObject({ locale: 'fr', display_name: null })
  expect(await logsIn(bare, PASSWORD)).toBe('INVALID_CREDENTIALS')
  expect(await logsIn(bare, CHOSEN)).toBe('SUCCESS')
})

describe('an imported account that is not verified', () => {
  async function imported(row: { passwordHash?: string } = {}): Promise<string> {
    const email = someone()
    const hash = row.passwordHash ?? (await bcrypt.hash(PASSWORD, 4))
    await sql(
      `INSERT INTO users (id, email, password_hash, display_name, locale, imported_at, created_at)
       VALUES ($1, $2, $3, 'Imported', 'pt', now(), now() - interval '1 year')`,
      [uuidv7(), email, hash],
    )
    return email
  }

  test('gets its own link by asking for one, and its own password counts then', async () => {
    const email = await imported()
    await resend(email)
    await resend(email)
    const [token, second] = await linksTo(email)
    const { data } = await call(app.url, 'verifyEmail', { token })
    expect(data).toEqual({ email, resetToken: null })
    const { user } = await loggedIn(app, email)
    expect(user).toMatchObject({ displayName: 'Imported', locale: 'pt' })
    expect((await call(app.url, 'verifyEmail', { token: second })).code).toBe('SUCCESS')
  })

  test('is not changed by a registration; where one waits as well, who follows any link chooses the password', async () => {
    for (const index of [0, -1]) {
      const email = await imported()
      const before = await account(email)
      await stranger(email)
      expect(await account(email)).toEqual(before)
      await resend(email)
      const token = (await linksTo(email)).at(index)
      const { data } = await call(app.url, 'verifyEmail', { token })
      expect(await logsIn(email, STRANGERS)).toBe('INVALID_CREDENTIALS')
      expect(await logsIn(email, PASSWORD)).toBe('INVALID_CREDENTIALS')
      expect(await account(email)).toMatchObject({ display_name: 'Imported', locale: 'pt' })
      await call(app.url, 'confirmReset', { token: data.resetToken, password: CHOSEN })
      expect(await logsIn(email, CHOSEN)).toBe('SUCCESS')
    }
  })

  test('without a password has its owner choose one', async () => {
    const email = await imported({ passwordHash: '!' })
    await resend(email)
    const [token] = await linksTo(email)
    const { data } = await call(app.url, 'verifyEmail', { token })
    await call(app.url, 'confirmReset', { token: data.resetToken, password: CHOSEN })
    expect(await logsIn(email, CHOSEN)).toBe('SUCCESS')
  })
})

describe('beside the release before, which writes registrations into accounts', () => {
  /** Its statements. */
  const register = (email: string, hash: string) =>
    sql<{ userId: string; registrationId: string }>(
      `WITH account AS (
         INSERT INTO users (id, email, password_hash, password_changed_at, display_name, locale, created_at, updated_at)
         VALUES ($1::uuid, $2, $3, now(), 'Stranger', 'de', now(), now())
         ON CONFLICT (email) DO UPDATE SET
           password_hash = CASE WHEN users.email_verified_at IS NULL THEN excluded.password_hash ELSE users.password_hash END,
           display_name = CASE WHEN users.email_verified_at IS NULL THEN excluded.display_name ELSE users.display_name END,
           locale = CASE WHEN users.email_verified_at IS NULL THEN excluded.locale ELSE users.locale END
         RETURNING id
       )
       INSERT INTO registrations (id, user_id, password_hash, display_name, locale, created_at)
       SELECT $4::uuid, account.id, $3, 'Stranger', 'de', now() FROM account
       RETURNING user_id AS "userId", id AS "registrationId"`,
      [uuidv7(), email, hash, uuidv7()],
    )
  const activate = (registrationId: string | undefined) =>
    sql(
      `UPDATE users SET email_verified_at = now(), password_hash = r.password_hash, password_changed_at = now(),
         display_name = r.display_name, locale = r.locale, updated_at = now()
       FROM registrations r WHERE r.id = $1::uuid AND r.user_id = users.id AND r.password_hash IS NOT NULL
         AND users.email_verified_at IS NULL
       RETURNING users.id`,
      [registrationId],
    )

  test('its registration leaves no password in the account, and is activated as ours is', async () => {
    const email = someone()
    const [written] = await register(email, await bcrypt.hash(PASSWORD, 4))
    expect(await account(email)).toMatchObject({ password_hash: '!', display_name: null })
    expect(await logsIn(email, PASSWORD)).toBe('EMAIL_NOT_VERIFIED')
    expect(await activate(written?.registrationId)).toHaveLength(1)
    expect(await logsIn(email, PASSWORD)).toBe('SUCCESS')
  })

  test('of several registrations it activates none', async () => {
    const email = someone()
    await owner(email)
    const [strangers] = await register(email, await bcrypt.hash(STRANGERS, 4))
    await activate(strangers?.registrationId)
    expect(await account(email)).toMatchObject({ password_hash: '!', display_name: null })
    expect(await logsIn(email, STRANGERS)).not.toBe('SUCCESS')
  })

  test('it changes no imported account, and activates no registration of one', async () => {
    const email = someone()
    const hash = await bcrypt.hash(PASSWORD, 4)
    await sql(
      `INSERT INTO users (id, email, password_hash, display_name, locale, imported_at) VALUES ($1, $2, $3, 'Imported', 'pt', now())`,
      [uuidv7(), email, hash],
    )
    const [strangers] = await register(email, await bcrypt.hash(STRANGERS, 4))
    expect(await account(email)).toEqual({ password_hash: hash, display_name: 'Imported', locale: 'pt' })
    await activate(strangers?.registrationId)
    expect(await account(email)).toEqual({ password_hash: '!', display_name: 'Imported', locale: 'pt' })
  })
})

test('a new address of a verified account does not inherit what was registered for the former one', async () => {
  const email = await verifiedPerson(app)
  await stranger(email)
  const { tokens } = await loggedIn(app, email)
  const newEmail = someone()
  await call(app.url, 'requestEmailChange', { newEmail, password: PASSWORD }, { token: tokens.accessToken })
  await call(app.url, 'confirmEmailChange', { token: await app.mailedToken(newEmail, /new email/) })
  expect(await logsIn(newEmail, STRANGERS)).toBe('INVALID_CREDENTIALS')
})
