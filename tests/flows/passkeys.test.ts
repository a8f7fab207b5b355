import { decodeJwt } from 'jose'
import { Pool } from 'pg'
import { type TestApp, codeOf, startTestApp } from '../support/app'
import { type Answer, DOORS, type LoggedIn, call, me, post } from '../support/client'
import { SoftwarePasskey, type Tampering } from '../support/passkey'
import { PASSWORD, loggedIn, signedIn } from '../support/people'
import { challengeOf, secure } from '../support/totp'

const MINUTE = 60_000

let app: TestApp
/** Another instance on the same database. */
let twin: TestApp
let pool: Pool
const env = {
  APPLE_APP_IDS: 'ABCDE12345.com.example.app',
  ANDROID_APPS: `com.example.app:${Array<string>(32).fill('0A').join(':')}`,
  LOGIN_CODE: 'on',
}
beforeAll(async () => {
  app = await startTestApp({ env })
  twin = await startTestApp({
    env: { ...env, PUBLIC_URL: app.config.publicUrl },
    ...{ databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock },
  })
  pool = new Pool({ connectionString: app.databaseUrl, max: 4 })
})
afterAll(async () => {
  await pool.end()
  await twin.close()
  await app.close()
})

interface Started {
  challenge: string
  options: Record<string, unknown>
}
interface Owner extends LoggedIn {
  email: string
  passkey: SoftwarePasskey
  passkeyId: string
  recoveryCodes: string[] | null
}

const started = async (name: 'startPasskeyLogin' | 'startPasskeyRegistration', token?: string): Promise<Started> => {
  const answer = await call(app.url, name, undefined, token === undefined ? {} : { token })
  if (answer.code !== 'SUCCESS') throw new Error(answer.text)
  return answer.data as unknown as Started
}

/** Adds a passkey to the account of a session. */
async function added(token: string, name = 'Laptop') {
  const { challenge, options } = await started('startPasskeyRegistration', token)
  const passkey = new SoftwarePasskey(app.config.publicUrl)
  const input = { challenge, response: passkey.create(options), name }
  const answer = await call(app.url, 'registerPasskey', input, { token })
  if (answer.code !== 'SUCCESS') throw new Error(answer.text)
  const { passkey: stored, recoveryCodes } = answer.data as { passkey: { id: string }; recoveryCodes: string[] | null }
  return { passkey, passkeyId: stored.id, recoveryCodes, answer }
}

async function owner(): Promise<Owner> {
  const person = await signedIn(app)
  return { ...person, ...(await added(person.tokens.accessToken)) }
}

async function logIn(passkey: SoftwarePasskey, wrong: Tampering = {}, url = app.url): Promise<Answer> {
  const { challenge, options } = await started('startPasskeyLogin')
  return call(url, 'loginWithPasskey', { challenge, response: passkey.get(options, wrong) })
}
const counterOf = async (id: string) => {
  const { rows } = await pool.query<{ count: string }>('SELECT sign_count AS count FROM passkeys WHERE id = $1', [id])
  return Number(rows[0]?.count)
}

describe('a login by passkey', () => {
  test.each(DOORS)('needs no name and no password, and starts a session of level 2 (%s)', async (_name, door) => {
    const person = await signedIn(app)
    const { accessToken: token } = person.tokens
    const registration = (await door(app.url, 'startPasskeyRegistration', undefined, { token }))
      .data as unknown as Started
    const passkey = new SoftwarePasskey(app.config.publicUrl)
    const stored = await door(
      app.url,
      'registerPasskey',
      { challenge: registration.challenge, response: passkey.create(registration.options), name: ' My phone ' },
      { token },
    )
    expect(stored.data).toMatchObject({
      passkey: { name: 'My phone', synced: false, credentialId: passkey.credentialId, lastUsedAt: null },
      recoveryCodes: expect.any(Array) as unknown[],
    })
    const login = (await door(app.url, 'startPasskeyLogin')).data as unknown as Started
    expect(login.options).toMatchObject({ allowCredentials: [], userVerification: 'required', rpId: 'localhost' })
    const answer = await door(app.url, 'loginWithPasskey', {
      ...{ challenge: login.challenge, response: passkey.get(login.options) },
    })
    expect(answer.data).toMatchObject({ user: { id: person.user.id }, session: { assuranceLevel: 2 } })
    const { accessToken } = (answer.data as unknown as LoggedIn).tokens
    expect(decodeJwt(accessToken)).toMatchObject({ acr: 'aal2', amr: ['hwk', 'user', 'mfa'] })
    expect((await me(app.url, { token: accessToken })).data).toMatchObject({ email: person.email })
  })

  test('the user handle is the account’s id in 16 bytes, and existing passkeys are excluded', async () => {
    const { user, email, tokens, passkey } = await owner()
    const { options } = await started('startPasskeyRegistration', tokens.accessToken)
    expect(options).toMatchObject({
      user: { id: Buffer.from(user.id.replaceAll('-', ''), 'hex').toString('base64url'), name: email },
      excludeCredentials: [{ id: passkey.credentialId, type: 'public-key' }],
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    })
  })

  const REFUSED: [string, Tampering][] = [
    ['a broken signature', { brokenSignature: true }],
    ['the origin of another port', { origin: 'http://localhost:1' }],
    ['another RP id', { rpId: 'example.com' }],
    ['no user verification', { unverified: true }],
    ['the user handle of somebody else', { userHandle: Buffer.alloc(16, 7).toString('base64url') }],
    ['the type of a registration', { type: 'webauthn.create' }],
  ]
  test.each(REFUSED)('with %s is refused, and the counter stays', async (_what, wrong) => {
    const { passkey, passkeyId } = await owner()
    const { challenge, options } = await started('startPasskeyLogin')
    const strange = await startStrict()
    const response = passkey.get(options, wrong)
    const url = wrong.origin === undefined ? app.url : strange.url
    const answer = await call(url, 'loginWithPasskey', { challenge, response })
    expect(answer.data).toMatchObject({ code: 'INVALID_CREDENTIALS', unknownCredentialId: null })
    expect(await counterOf(passkeyId)).toBe(0)
    expect((await logIn(passkey)).code).toBe('SUCCESS')
  })

  let strict: TestApp | undefined
  /** In development every port of localhost counts as an origin: this instance names its own alone. */
  async function startStrict(): Promise<TestApp> {
    return (strict ??= await startTestApp({
      env: { PASSKEY_ORIGINS: app.config.publicUrl, PUBLIC_URL: app.config.publicUrl },
      ...{ databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock },
    }))
  }
  afterAll(() => strict?.close())

  test('an unknown passkey is named, so that the page can tell the password manager', async () => {
    const { options, challenge } = await started('startPasskeyLogin')
    const passkey = new SoftwarePasskey(app.config.publicUrl)
    const answer = await call(app.url, 'loginWithPasskey', { challenge, response: passkey.get(options) })
    expect(answer.data).toMatchObject({ code: 'INVALID_CREDENTIALS', unknownCredentialId: passkey.credentialId })
  })

  test.each([
    ['without anything', {}],
    ['with a number as id', { id: 5 }],
    ['with an id that is no base64url', { id: '*' }],
    ['with an id that is too long', { id: 'A'.repeat(2000) }],
    ['with an unknown id and no response', { id: 'AAAA', response: null }],
  ])('a response %s is refused like any other', async (_what, response) => {
    const { challenge } = await started('startPasskeyLogin')
    expect((await call(app.url, 'loginWithPasskey', { challenge, response })).code).toBe('INVALID_CREDENTIALS')
  })

  test.each([null, 5, 'text', [1]])('the response %j is no object', async (response) => {
    const { challenge } = await started('startPasskeyLogin')
    expect((await call(app.url, 'loginWithPasskey', { challenge, response })).code).toBe('BAD_USER_INPUT')
  })

  test.each([{}, { clientDataJSON: 'AA', authenticatorData: 'AA', signature: 'AA' }, { clientDataJSON: 7 }, []])(
    'a known passkey with the response %j is refused',
    async (inner) => {
      const { passkey } = await owner()
      const { challenge } = await started('startPasskeyLogin')
      const response = { id: passkey.credentialId, rawId: passkey.credentialId, type: 'public-key', response: inner }
      expect((await call(app.url, 'loginWithPasskey', { challenge, response })).code).toBe('INVALID_CREDENTIALS')
    },
  )

  test('a challenge is used up by the first response, right or wrong, and expires after five minutes', async () => {
    const { passkey } = await owner()
    const { challenge, options } = await started('startPasskeyLogin')
    const wrong = passkey.get(options, { brokenSignature: true })
    expect((await call(app.url, 'loginWithPasskey', { challenge, response: wrong })).code).toBe('INVALID_CREDENTIALS')
    const right = passkey.get(options)
    expect((await call(app.url, 'loginWithPasskey', { challenge, response: right })).code).toBe('INVALID_TOKEN')
    const late = await started('startPasskeyLogin')
    app.clock.pass(5 * MINUTE)
    const answer = await call(app.url, 'loginWithPasskey', { ...late, response: passkey.get(late.options) })
    expect(answer.code).toBe('BAD_USER_INPUT') // `options` belongs to the answer alone
    const { challenge: expired, options: old } = late
    const expiredAnswer = await call(app.url, 'loginWithPasskey', { challenge: expired, response: passkey.get(old) })
    expect(expiredAnswer.code).toBe('EXPIRED_TOKEN')
  })

  test('the challenge of a registration starts no session, and the challenge of a login registers nothing', async () => {
    const { passkey, tokens } = await owner()
    const registration = await started('startPasskeyRegistration', tokens.accessToken)
    const options = { challenge: registration.challenge, rpId: 'localhost' }
    const login = { challenge: registration.challenge, response: passkey.get(options) }
    expect((await call(app.url, 'loginWithPasskey', login)).code).toBe('INVALID_TOKEN')
    const { challenge } = await started('startPasskeyLogin')
    const created = new SoftwarePasskey(app.config.publicUrl).create({ ...registration.options, challenge })
    const register = { challenge, response: created }
    const answer = await call(app.url, 'registerPasskey', register, { token: tokens.accessToken })
    expect(answer.code).toBe('INVALID_TOKEN')
  })

  test('a copy, whose counter has not grown, is refused, and its owner is warned', async () => {
    const { passkey, passkeyId, email } = await owner()
    expect((await logIn(passkey, { counter: 9 })).code).toBe('SUCCESS')
    for (const counter of [9, 2, 0]) expect((await logIn(passkey, { counter })).code).toBe('INVALID_CREDENTIALS')
    expect(await counterOf(passkeyId)).toBe(9)
    expect((await app.mail(email, /copied passkey/)).parsed.text).toContain('counter')
    expect((await logIn(passkey, { counter: 10 })).code).toBe('SUCCESS')
  })

  test.each([
    [
      'as second factor',
      async ({ email, passkey }: Owner) => {
        const { data } = await call(app.url, 'login', { email, password: PASSWORD })
        const { challenge, passkeyOptions } = data as { challenge: string; passkeyOptions: Started['options'] }
        return call(app.url, 'verifySecondFactor', { challenge, passkey: passkey.get(passkeyOptions, { counter: 2 }) })
      },
    ],
    [
      'for a step-up',
      async ({ passkey, tokens }: Owner) => {
        const { challenge, options } = await started('startPasskeyLogin')
        const input = { challenge, passkey: passkey.get(options, { counter: 2 }) }
        return call(app.url, 'stepUp', input, { token: tokens.accessToken })
      },
    ],
  ])('so is a copy that is used %s', async (_where, use) => {
    const person = await owner()
    expect((await logIn(person.passkey, { counter: 9 })).code).toBe('SUCCESS')
    expect((await use(person)).code).toBe('INVALID_CREDENTIALS')
    expect((await app.mail(person.email, /copied passkey/)).parsed.text).toContain('counter')
  })

  test('a passkey that never counts goes on', async () => {
    const { passkey } = await owner()
    for (let n = 0; n < 3; n += 1) expect((await logIn(passkey, { counter: 0 })).code).toBe('SUCCESS')
  })

  test('of fifty uses of one response on two instances one starts a session', async () => {
    const { passkey, email } = await owner()
    const { challenge, options } = await started('startPasskeyLogin')
    const input = { challenge, response: passkey.get(options) }
    const urls = Array.from({ length: 50 }, (_, n) => (n % 2 ? app.url : twin.url))
    const answers = await Promise.all(urls.map((url) => call(url, 'loginWithPasskey', input)))
    expect(answers.filter(({ code }) => code === 'SUCCESS')).toHaveLength(1)
    expect(answers.filter(({ code }) => code === 'INVALID_TOKEN')).toHaveLength(49)
    const { rows } = await pool.query(
      `SELECT 1 FROM sessions s JOIN users u ON u.id = s.user_id WHERE email = $1 AND 'user' = ANY (amr) AND NOT 'pwd' = ANY (amr)`,
      [email],
    )
    expect(rows).toHaveLength(1)
  })

  test('a disabled account gets no session, and no warning of a copy', async () => {
    const { passkey, email } = await owner()
    await pool.query('UPDATE users SET disabled_at = now() WHERE email = $1', [email])
    expect((await logIn(passkey)).code).toBe('INVALID_CREDENTIALS')
    const { rows } = await pool.query(
      `SELECT 1 FROM audit_events e JOIN users u ON u.id = e.user_id WHERE email = $1 AND type = 'passkey_cloned'`,
      [email],
    )
    expect(rows).toEqual([])
  })
})

describe('a passkey beside the password', () => {
  test('is asked for as second factor, by options that name it', async () => {
    const { passkey, email } = await owner()
    const login = await call(app.url, 'login', { email, password: PASSWORD })
    expect(login.data).toMatchObject({
      code: 'SECOND_FACTOR_REQUIRED',
      methods: ['PASSKEY', 'RECOVERY_CODE'],
      passkeyOptions: { allowCredentials: [{ id: passkey.credentialId, type: 'public-key' }] },
    })
    const { challenge, passkeyOptions } = login.data as { challenge: string; passkeyOptions: Record<string, unknown> }
    const bad = passkey.get(passkeyOptions, { brokenSignature: true })
    expect((await call(app.url, 'verifySecondFactor', { challenge, passkey: bad })).code).toBe('INVALID_CREDENTIALS')
    const answer = await call(app.url, 'verifySecondFactor', { challenge, passkey: passkey.get(passkeyOptions) })
    expect(answer.data).toMatchObject({ session: { assuranceLevel: 2 } })
    const { accessToken } = (answer.data as unknown as LoggedIn).tokens
    expect(decodeJwt(accessToken)).toMatchObject({ amr: ['pwd', 'hwk', 'user', 'mfa'] })
  })

  test('of somebody else does not count', async () => {
    const { email } = await owner()
    const other = await owner()
    const login = await call(app.url, 'login', { email, password: PASSWORD })
    const { challenge, passkeyOptions } = login.data as { challenge: string; passkeyOptions: Record<string, unknown> }
    const response = other.passkey.get(passkeyOptions)
    expect((await call(app.url, 'verifySecondFactor', { challenge, passkey: response })).code).toBe(
      'INVALID_CREDENTIALS',
    )
  })

  test('a recovery code stands in for it, and a mailed code asks for it', async () => {
    const { email, recoveryCodes } = await owner()
    const challenge = await challengeOf(app, email, PASSWORD)
    const recoveryCode = recoveryCodes?.[0] ?? ''
    expect((await call(app.url, 'verifySecondFactor', { challenge, recoveryCode })).code).toBe('SUCCESS')
    const { data } = await call(app.url, 'requestLoginCode', { email })
    const code = codeOf(await app.mail(email, /sign-in code/))
    const mailed = await call(app.url, 'loginWithCode', { challenge: data.challenge, code })
    expect(mailed.data).toMatchObject({ code: 'SECOND_FACTOR_REQUIRED', methods: ['PASSKEY', 'RECOVERY_CODE'] })
  })

  test('with an authenticator app both are offered, the passkey first', async () => {
    const { email, tokens } = await owner()
    await secure(app, tokens.accessToken)
    const login = await call(app.url, 'login', { email, password: PASSWORD })
    expect(login.data.methods).toEqual(['PASSKEY', 'TOTP', 'RECOVERY_CODE'])
  })

  test('the release before gets no session of one factor for such an account', async () => {
    const { user } = await owner()
    const insert = pool.query(
      `INSERT INTO sessions (id, user_id, refresh_token_hash, created_at, last_seen_at, expires_at)
       VALUES (gen_random_uuid(), $1, sha256(gen_random_uuid()::text::bytea), now(), now(), now() + interval '1 day')`,
      [user.id],
    )
    await expect(insert).rejects.toMatchObject({ code: '23514', constraint: 'sessions_second_factor' })
  })
})

describe('the passkeys of an account', () => {
  const QUERY = '{ me { waysIn recoveryCodesLeft passkeys { id name credentialId synced lastUsedAt } } }'
  const listed = async (token: string) =>
    ((await (await post(app.url, { query: QUERY }, { token })).json()) as { data: { me: Record<string, unknown> } })
      .data.me

  test('are listed, and the first brings recovery codes, a mail and level 2 for its session', async () => {
    const { tokens, email, passkey, recoveryCodes } = await owner()
    expect(recoveryCodes).toHaveLength(10)
    const { accessToken: token } = tokens
    expect(await listed(token)).toMatchObject({
      waysIn: ['PASSWORD', 'PASSKEY', 'MAILED_CODE'],
      recoveryCodesLeft: 10,
      passkeys: [{ name: 'Laptop', credentialId: passkey.credentialId, synced: false, lastUsedAt: null }],
    })
    expect((await app.mail(email, /passkey was added/)).parsed.text).toContain('second factor')
    expect((await me(app.url, { token })).data).toMatchObject({ sessions: [{ assuranceLevel: 2 }] })
    const second = await added(token)
    expect(second.recoveryCodes).toBeNull()
  })

  test('adding and removing one needs a proof within ten minutes; a passkey gives it', async () => {
    const { tokens, passkey, passkeyId } = await owner()
    const { accessToken: token } = tokens
    app.clock.pass(11 * MINUTE)
    const late = await call(app.url, 'startPasskeyRegistration', undefined, { token })
    expect(late.code).toBe('STEP_UP_REQUIRED')
    expect((await call(app.url, 'removePasskey', { passkeyId }, { token })).data).toMatchObject({
      ...{ code: 'STEP_UP_REQUIRED', methods: ['PASSKEY', 'RECOVERY_CODE'] },
    })
    const { challenge, options } = await started('startPasskeyLogin')
    const without = await call(app.url, 'stepUp', { passkey: passkey.get(options) }, { token })
    expect(without.data).toMatchObject({ code: 'INVALID_INPUT', fields: [{ field: 'challenge', code: 'REQUIRED' }] })
    const input = { challenge, passkey: passkey.get(options) }
    const stepped = await call(app.url, 'stepUp', input, { token })
    expect(stepped.code).toBe('SUCCESS')
    expect((await call(app.url, 'stepUp', input, { token })).code).toBe('INVALID_TOKEN')
    const removed = await call(app.url, 'removePasskey', { passkeyId }, { token })
    expect(removed.data).toMatchObject({ passkeyId, acceptedCredentialIds: [], rpId: 'localhost' })
  })

  test('a removed one logs in no more, the others do, and the last one takes the recovery codes with it', async () => {
    const { tokens, passkey, passkeyId, email } = await owner()
    const { accessToken: token } = tokens
    const second = await added(token, 'Key')
    const removed = await call(app.url, 'removePasskey', { passkeyId }, { token })
    expect(removed.data).toMatchObject({ acceptedCredentialIds: [second.passkey.credentialId] })
    await app.mail(email, /passkey was removed/)
    expect((await logIn(passkey)).data).toMatchObject({
      ...{ code: 'INVALID_CREDENTIALS', unknownCredentialId: passkey.credentialId },
    })
    expect((await logIn(second.passkey)).code).toBe('SUCCESS')
    expect(await listed(token)).toMatchObject({ recoveryCodesLeft: 10 })
    expect((await call(app.url, 'removePasskey', { passkeyId: second.passkeyId }, { token })).code).toBe('SUCCESS')
    expect(await listed(token)).toMatchObject({ recoveryCodesLeft: 0, passkeys: [] })
    expect((await loggedIn(app, email)).session).toMatchObject({ assuranceLevel: 1 })
  })

  test('the last way in cannot be removed', async () => {
    const strict = await startTestApp({
      env: { PUBLIC_URL: app.config.publicUrl },
      ...{ databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock },
    })
    const { tokens, passkeyId, email, passkey } = await owner()
    await pool.query(`UPDATE users SET password_hash = '!' WHERE email = $1`, [email])
    const answer = await call(strict.url, 'removePasskey', { passkeyId }, { token: tokens.accessToken })
    await strict.close()
    expect(answer.data).toMatchObject({ code: 'LAST_WAY_IN' })
    expect((await logIn(passkey)).code).toBe('SUCCESS')
  })

  test('can be renamed by their owner alone', async () => {
    const { tokens, passkeyId } = await owner()
    const stranger = await signedIn(app)
    const { accessToken: token } = tokens
    const renamed = await call(app.url, 'renamePasskey', { passkeyId, name: 'Desk\u202e key' }, { token })
    expect(renamed.data).toMatchObject({ passkey: { id: passkeyId, name: 'Desk key' } })
    expect((await call(app.url, 'renamePasskey', { passkeyId, name: ' ' }, { token })).code).toBe('INVALID_INPUT')
    const theirs = { token: stranger.tokens.accessToken }
    for (const id of [passkeyId, 'x', '00000000-0000-7000-8000-000000000000'])
      expect((await call(app.url, 'renamePasskey', { passkeyId: id, name: 'Mine' }, theirs)).code).toBe('NOT_FOUND')
    expect((await call(app.url, 'removePasskey', { passkeyId }, theirs)).code).toBe('NOT_FOUND')
  })

  test('a registration counts for the session that began it, once, and with every check', async () => {
    const mine = await signedIn(app)
    const { accessToken: token } = mine.tokens
    const theirs = await signedIn(app)
    const attempt = async (wrong: Tampering, by = token) => {
      const { challenge, options } = await started('startPasskeyRegistration', token)
      const response = new SoftwarePasskey(app.config.publicUrl).create(options, wrong)
      return call(app.url, 'registerPasskey', { challenge, response }, { token: by })
    }
    expect((await attempt({}, theirs.tokens.accessToken)).code).toBe('INVALID_TOKEN')
    const other = await loggedIn(app, mine.email)
    expect((await attempt({}, other.tokens.accessToken)).code).toBe('INVALID_TOKEN')
    for (const wrong of [
      { rpId: 'example.com' },
      { unverified: true },
      { origin: 'https://evil.example' },
      { type: 'webauthn.get' },
    ])
      expect((await attempt(wrong)).code).toBe('INVALID_CREDENTIALS')
    expect(await listed(token)).toMatchObject({ passkeys: [] })
    expect((await attempt({})).code).toBe('SUCCESS')
  })

  test('a credential belongs to one account', async () => {
    const { passkey } = await owner()
    const other = await signedIn(app)
    const { accessToken: token } = other.tokens
    const { challenge, options } = await started('startPasskeyRegistration', token)
    const answer = await call(app.url, 'registerPasskey', { challenge, response: passkey.create(options) }, { token })
    expect(answer.code).toBe('INVALID_CREDENTIALS')
  })

  test('twenty are the most', async () => {
    const { tokens, user } = await owner()
    await pool.query(
      `INSERT INTO passkeys (user_id, credential_id, public_key, discoverable, backup_eligible, backed_up, name)
       SELECT $1, sha256(n::text::bytea || $2::bytea), '\\x00', true, false, false, 'Key ' || n FROM generate_series(1, 19) n`,
      [user.id, user.id],
    )
    const { challenge, options } = await started('startPasskeyRegistration', tokens.accessToken)
    const input = { challenge, response: new SoftwarePasskey(app.config.publicUrl).create(options) }
    const answer = await call(app.url, 'registerPasskey', input, { token: tokens.accessToken })
    expect(answer.data).toMatchObject({ code: 'INVALID_INPUT', fields: [{ field: 'passkey', code: 'UNSUPPORTED' }] })
  })
})

describe('the service that passkeys are bound to', () => {
  test('another PASSKEY_RP_ID than that of the first passkey stops the start', async () => {
    await owner()
    const env = { PASSKEY_RP_ID: 'example.com', PUBLIC_URL: 'http://auth.example.com', DEV_TOOLS: 'on' }
    const start = startTestApp({ databaseUrl: app.databaseUrl, smtp: app.smtp, env })
    await expect(start).rejects.toThrow('PASSKEY_RP_ID: found example.com; accepted: localhost')
  })

  test('a host that is an IP address is warned of at start, a name is not', async () => {
    const other = await startTestApp({
      env: { PUBLIC_URL: 'http://192.0.2.7' },
      ...{ smtp: app.smtp, periodic: false },
    })
    const warnings = ({ log }: TestApp) => log.filter(({ event }) => event === 'passkeys_unusable')
    expect(warnings(other)).toMatchObject([{ level: 'warn', rpId: '192.0.2.7' }])
    expect(warnings(app)).toEqual([])
    await other.close()
  })

  test('its apps are named where phones look for them', async () => {
    const apple = await fetch(`${app.url}/.well-known/apple-app-site-association`)
    expect(apple.headers.get('content-type')).toMatch(/^application\/json/)
    expect(await apple.json()).toEqual({ webcredentials: { apps: ['ABCDE12345.com.example.app'] } })
    const android = (await (await fetch(`${app.url}/.well-known/assetlinks.json`)).json()) as object[]
    expect(android).toMatchObject([
      {
        relation: expect.arrayContaining(['delegate_permission/common.get_login_creds']) as string[],
        target: { namespace: 'android_app', package_name: 'com.example.app' },
      },
    ])
  })
})
