import { decodeJwt } from 'jose'
import { Pool } from 'pg'
import { isUnionType } from 'graphql'
import { createSchema } from '../../src/graphql/schema'
import { type TestApp, codeOf, startTestApp } from '../support/app'
import { type LoggedIn, call, me, post, rest } from '../support/client'
import { SoftwarePasskey } from '../support/passkey'
import { NEW_PASSWORD, PASSWORD, loggedIn, signedIn, verifiedPerson } from '../support/people'
import { statementsDuring } from '../support/statements'
import { dumpTables } from '../support/tables'
import { type Secured, challengeOf, secure, secured } from '../support/totp'

const MINUTE = 60_000

let app: TestApp
/** The same service with rate limits. */
let limited: TestApp
let pool: Pool
beforeAll(async () => {
  app = await startTestApp({ periodic: false, env: { LOGIN_CODE: 'on' } })
  limited = await startTestApp({
    periodic: false,
    env: { LOGIN_CODE: 'on', RATE_LIMITS: 'on', PUBLIC_URL: app.config.publicUrl },
    ...{ databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock },
  })
  pool = new Pool({ connectionString: app.databaseUrl, max: 2 })
})
afterAll(async () => {
  await pool.end()
  await limited.close()
  await app.close()
})

const verify = (challenge: string, proof: object, options = {}) =>
  call(app.url, 'verifySecondFactor', { challenge, ...proof }, options)
const stepUp = (token: string, proof: object) => call(app.url, 'stepUp', proof, { token })
const tokenOf = (answer: { data: Record<string, unknown> }) => (answer.data as unknown as LoggedIn).tokens.accessToken

/** Logs in with both factors, by the next code. */
async function loggedInWithBoth({ email, authenticator }: Secured, password = PASSWORD): Promise<LoggedIn> {
  const challenge = await challengeOf(app, email, password)
  const answer = await verify(challenge, { totp: authenticator.nextCode() })
  if (answer.code !== 'SUCCESS') throw new Error(answer.text)
  return answer.data as unknown as LoggedIn
}

const QUERY = '{ me { id waysIn recoveryCodesLeft secondFactors { id kind name createdAt lastUsedAt } } }'
async function factors(token: string) {
  const { data } = (await (await post(app.url, { query: QUERY }, { token })).json()) as {
    data: {
      me: { recoveryCodesLeft: number; waysIn: string[]; secondFactors: { id: string; lastUsedAt: string | null }[] }
    }
  }
  return data.me
}

describe('the second step of a login', () => {
  test('the right password of an account with a factor gives a challenge: no token, no cookie, no session', async () => {
    const person = await secured(app)
    const sessions = () => pool.query('SELECT count(*) FROM sessions WHERE user_id = $1', [person.user.id])
    const before = (await sessions()).rows
    const answer = await call(app.url, 'login', { email: person.email, password: PASSWORD, transport: 'COOKIE' })
    expect(answer.code).toBe('SECOND_FACTOR_REQUIRED')
    expect(answer.data).toMatchObject({
      methods: ['TOTP', 'RECOVERY_CODE'],
      challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
    })
    expect(new Date(String(answer.data.expiresAt)).getTime() - app.clock.now().getTime()).toBeGreaterThan(4 * MINUTE)
    expect(answer.text).not.toMatch(/[tT]oken|eyJ/)
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect((await sessions()).rows).toEqual(before)
  })

  test('a wrong password says nothing of the factor', async () => {
    const { email } = await secured(app)
    const answer = await call(app.url, 'login', { email, password: 'another tractor seven moons' })
    expect(answer.code).toBe('INVALID_CREDENTIALS')
  })

  test('the right code opens a session of level 2, and its access token says how', async () => {
    const person = await secured(app)
    const { session, tokens, user } = await loggedInWithBoth(person)
    expect(user.id).toBe(person.user.id)
    expect(session).toMatchObject({ assuranceLevel: 2, current: true })
    const claims = decodeJwt(tokens.accessToken)
    expect(claims).toMatchObject({ acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] })
    expect(claims.auth_time).toBe(
      Math.floor(new Date(String((session as { authenticatedAt?: string }).authenticatedAt)).getTime() / 1000),
    )
    const refreshed = await call(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })
    expect(decodeJwt(tokenOf(refreshed))).toMatchObject({ acr: 'aal2', auth_time: claims.auth_time })
    expect(refreshed.data.session).toMatchObject({ assuranceLevel: 2 })
    expect((await me(app.url, { token: tokenOf(refreshed) })).code).toBe('SUCCESS')
  })

  test('without a factor the level is 1, and the access token has no claim that the release before refuses', async () => {
    const { session, tokens } = await signedIn(app)
    expect(session).toMatchObject({ assuranceLevel: 1 })
    expect(Object.keys(decodeJwt(tokens.accessToken)).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
  })

  test('a challenge opens one session', async () => {
    const { email, authenticator } = await secured(app)
    const challenge = await challengeOf(app, email, PASSWORD)
    expect((await verify(challenge, { totp: authenticator.nextCode() })).code).toBe('SUCCESS')
    expect((await verify(challenge, { totp: authenticator.nextCode() })).code).toBe('INVALID_TOKEN')
  })

  test('a challenge lives five minutes', async () => {
    const { email, authenticator } = await secured(app)
    const challenge = await challengeOf(app, email, PASSWORD)
    app.clock.pass(5 * MINUTE)
    expect((await verify(challenge, { totp: authenticator.code() })).code).toBe('INVALID_TOKEN')
  })

  test.each(['', 'x', 'A'.repeat(43)])('the challenge %j is answered like any that is not ours', async (challenge) => {
    expect((await verify(challenge, { totp: '123456' })).code).toBe('INVALID_TOKEN')
  })

  test('a code counts once: neither again nor for another challenge', async () => {
    const { email, authenticator } = await secured(app)
    const code = authenticator.nextCode()
    expect((await verify(await challengeOf(app, email, PASSWORD), { totp: code })).code).toBe('SUCCESS')
    const again = await verify(await challengeOf(app, email, PASSWORD), { totp: code })
    expect(again.code).toBe('INVALID_CREDENTIALS')
    expect(again.data.message).toMatch(/clock/)
  })

  test('the code that confirmed the app does not log in', async () => {
    const { email, confirmedBy } = await secured(app)
    const answer = await verify(await challengeOf(app, email, PASSWORD), { totp: confirmedBy })
    expect(answer.code).toBe('INVALID_CREDENTIALS')
  })

  test('after five wrong codes the challenge is dead, the owner is warned, and a new login gives a new one', async () => {
    const { email, authenticator } = await secured(app)
    const challenge = await challengeOf(app, email, PASSWORD)
    for (let round = 0; round < 5; round += 1) {
      expect((await verify(challenge, { totp: authenticator.wrongCode() })).code).toBe('INVALID_CREDENTIALS')
    }
    expect((await verify(challenge, { totp: authenticator.nextCode() })).code).toBe('INVALID_TOKEN')
    const warning = await app.mail(email, /Wrong codes/)
    expect(warning.parsed.text).toContain(`${app.config.publicUrl}/reset-password`)
    expect((await verify(await challengeOf(app, email, PASSWORD), { totp: authenticator.nextCode() })).code).toBe(
      'SUCCESS',
    )
  })

  test('after ten wrong codes in an hour, over all challenges, the right one is refused too', async () => {
    const { email, authenticator } = await secured(app)
    for (let round = 0; round < 2; round += 1) {
      const challenge = await challengeOf(app, email, PASSWORD)
      for (let attempt = 0; attempt < 5; attempt += 1) {
        const answer = await call(limited.url, 'verifySecondFactor', { challenge, totp: authenticator.wrongCode() })
        expect(answer.code).toBe('INVALID_CREDENTIALS')
      }
    }
    const challenge = await challengeOf(limited, email, PASSWORD)
    const answer = await call(limited.url, 'verifySecondFactor', { challenge, totp: authenticator.nextCode() })
    expect(answer.code).toBe('RATE_LIMITED')
    expect(answer.data.retryAfter).toBeGreaterThan(3_000)
    await app.mail(email, /Wrong codes/)
    const warnings = app.smtp.mails.filter(
      ({ recipients, parsed }) => recipients.includes(email) && /Wrong codes/.test(parsed.subject ?? ''),
    )
    expect(warnings).toHaveLength(1)
  })

  test('after a hundred wrong proofs in a row the second step is closed until the password is reset by mail', async () => {
    const person = await secured(app)
    const { email, authenticator, user } = person
    await pool.query('UPDATE users SET second_factor_failures = 100 WHERE id = $1', [user.id])
    const refused = await verify(await challengeOf(app, email, PASSWORD), { totp: authenticator.nextCode() })
    expect([refused.code, refused.data.retryAfter]).toEqual(['RATE_LIMITED', 86_400])
    await call(app.url, 'requestReset', { email })
    await call(app.url, 'confirmReset', { token: await app.mailedToken(email, /new password/), password: NEW_PASSWORD })
    expect((await loggedInWithBoth(person, NEW_PASSWORD)).user.email).toBe(email)
  })

  test.each([
    ['nothing', {}, 'totp', 'REQUIRED'],
    ['both', { totp: '123456', recoveryCode: 'x' }, 'recoveryCode', 'UNSUPPORTED'],
    ['full-width digits', { totp: '１２３４５６' }, 'totp', 'INVALID_FORMAT'],
    ['five digits', { totp: '12345' }, 'totp', 'INVALID_FORMAT'],
    ['half a recovery code', { recoveryCode: 'abcd-efgh' }, 'recoveryCode', 'INVALID_FORMAT'],
  ])('%s is INVALID_INPUT and costs no attempt', async (_what, proof, field, code) => {
    const { email, authenticator } = await secured(app)
    const challenge = await challengeOf(app, email, PASSWORD)
    for (let round = 0; round < 6; round += 1) {
      const answer = await verify(challenge, proof)
      expect(answer.code).toBe('INVALID_INPUT')
      expect(answer.data.fields).toEqual(expect.arrayContaining([expect.objectContaining({ field, code })]))
    }
    expect((await verify(challenge, { totp: authenticator.nextCode() })).code).toBe('SUCCESS')
  })

  test('a password that was changed meanwhile voids the challenge', async () => {
    const { email, authenticator, tokens } = await secured(app)
    const challenge = await challengeOf(app, email, PASSWORD)
    const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
    expect((await call(app.url, 'changePassword', change, { token: tokens.accessToken })).code).toBe('SUCCESS')
    expect((await verify(challenge, { totp: authenticator.nextCode() })).code).toBe('INVALID_TOKEN')
  })

  test('a disabled account gets no session by its challenge', async () => {
    const { email, authenticator } = await secured(app)
    const challenge = await challengeOf(app, email, PASSWORD)
    await pool.query('UPDATE users SET disabled_at = now() WHERE email = $1', [email])
    expect((await verify(challenge, { totp: authenticator.nextCode() })).code).toBe('INVALID_TOKEN')
  })

  test('by cookie: the refresh token is in the cookie alone', async () => {
    const { email, authenticator } = await secured(app)
    const challenge = await challengeOf(app, email, PASSWORD)
    const answer = await verify(challenge, { totp: authenticator.nextCode(), transport: 'COOKIE' })
    expect(answer.data.tokens).toMatchObject({ refreshToken: null })
    expect(answer.headers.get('set-cookie')).toMatch(/^gatehouse_refresh=[\w-]{43};.*HttpOnly/)
  })

  test('by REST: 403 with the challenge, then 200; a wrong code is 401, a dead challenge 400', async () => {
    const { email, authenticator } = await secured(app)
    const login = await rest(app.url, 'login', { email, password: PASSWORD })
    expect([login.status, login.code]).toEqual([403, 'SECOND_FACTOR_REQUIRED'])
    const { challenge } = login.data as { challenge: string }
    const wrong = await rest(app.url, 'verifySecondFactor', { challenge, totp: authenticator.wrongCode() })
    expect([wrong.status, wrong.code]).toEqual([401, 'INVALID_CREDENTIALS'])
    const right = await rest(app.url, 'verifySecondFactor', { challenge, totp: authenticator.nextCode() })
    expect([right.status, Object.keys(right.data).sort()]).toEqual([200, ['session', 'tokens', 'user']])
    const dead = await rest(app.url, 'verifySecondFactor', { challenge, totp: authenticator.nextCode() })
    expect([dead.status, dead.code]).toEqual([400, 'INVALID_TOKEN'])
    const stepped = await rest(app.url, 'stepUp', { totp: authenticator.nextCode() }, { token: tokenOf(right) })
    expect([stepped.status, Object.keys(stepped.data).sort()]).toEqual([200, ['session', 'tokens']])
  })

  test('a document that does not know the new members still gets code and message', async () => {
    const { email } = await secured(app)
    const query = `mutation ($input: LoginInput!) { login(input: $input) {
      __typename ... on LoginSuccess { user { id } } ... on UserError { code message } } }`
    const answer = await post(app.url, { query, variables: { input: { email, password: PASSWORD } } })
    expect(await answer.json()).toEqual({
      data: {
        login: {
          __typename: 'SecondFactorRequiredError',
          code: 'SECOND_FACTOR_REQUIRED',
          message: 'Please enter the code of your authenticator app, or a recovery code.',
        },
      },
    })
  })
})

describe('recovery codes', () => {
  const left = async (person: Secured) => (await factors(person.tokens.accessToken)).recoveryCodesLeft

  test('ten are shown once; each works once, in any spelling, and is counted; the owner is told', async () => {
    const person = await secured(app)
    expect(person.recoveryCodes).toHaveLength(10)
    const [first = '', second = ''] = person.recoveryCodes
    const spelled = ` ${first.toUpperCase().replaceAll('-', ' ')} `
    const answer = await verify(await challengeOf(app, person.email, PASSWORD), { recoveryCode: spelled })
    expect(answer.code).toBe('SUCCESS')
    expect(decodeJwt(tokenOf(answer))).toMatchObject({ acr: 'aal2', amr: ['pwd', 'mfa'] })
    expect(await left(person)).toBe(9)
    await app.mail(person.email, /recovery code of your .* was used/)
    const challenge = await challengeOf(app, person.email, PASSWORD)
    expect((await verify(challenge, { recoveryCode: first })).code).toBe('INVALID_CREDENTIALS')
    expect((await verify(challenge, { recoveryCode: second })).code).toBe('SUCCESS')
  })

  test('all ten are used, with a warning from three left on; then only the app is offered', async () => {
    const person = await secured(app)
    for (const recoveryCode of person.recoveryCodes) {
      expect((await verify(await challengeOf(app, person.email, PASSWORD), { recoveryCode })).code).toBe('SUCCESS')
    }
    expect(await left(person)).toBe(0)
    await app.mail(person.email, /Few recovery codes/)
    const answer = await call(app.url, 'login', { email: person.email, password: PASSWORD })
    expect(answer.data.methods).toEqual(['TOTP'])
  })

  test('renewing voids all before', async () => {
    const person = await secured(app)
    const [old = ''] = person.recoveryCodes
    const renewed = await call(app.url, 'renewRecoveryCodes', undefined, { token: person.tokens.accessToken })
    const codes = renewed.data.recoveryCodes as string[]
    expect(codes).toHaveLength(10)
    expect(codes).not.toContain(old)
    await app.mail(person.email, /New recovery codes/)
    const challenge = await challengeOf(app, person.email, PASSWORD)
    expect((await verify(challenge, { recoveryCode: old })).code).toBe('INVALID_CREDENTIALS')
    expect((await verify(challenge, { recoveryCode: codes[9] })).code).toBe('SUCCESS')
  })

  test("another account's code is worth nothing", async () => {
    const [one, two] = [await secured(app), await secured(app)]
    const challenge = await challengeOf(app, one.email, PASSWORD)
    expect((await verify(challenge, { recoveryCode: two.recoveryCodes[0] })).code).toBe('INVALID_CREDENTIALS')
  })

  test('without a factor there are none to renew', async () => {
    const { tokens } = await signedIn(app)
    const answer = await call(app.url, 'renewRecoveryCodes', undefined, { token: tokens.accessToken })
    expect(answer.code).toBe('NOT_FOUND')
  })
})

describe('adding and removing an authenticator app', () => {
  test('nothing changes until the first code: logins go on as before', async () => {
    const { email, tokens } = await signedIn(app)
    const enrolled = await call(app.url, 'enrollTotp', {}, { token: tokens.accessToken })
    expect(enrolled.data.uri).toMatch(/^otpauth:\/\/totp\/[^:]+:.*%40example\.com\?secret=[A-Z2-7]{32}&issuer=/)
    expect((await factors(tokens.accessToken)).secondFactors).toEqual([])
    expect((await loggedIn(app, email)).session).toMatchObject({ assuranceLevel: 1 })
  })

  test('confirming the first ends the sessions of one factor, raises this one with new tokens, and tells the owner', async () => {
    const person = await signedIn(app)
    const other = await loggedIn(app, person.email)
    const { tokens, recoveryCodes } = await secure(app, person.tokens.accessToken)
    expect(recoveryCodes).toHaveLength(10)
    expect(decodeJwt(tokens.accessToken)).toMatchObject({
      sid: person.session.id,
      acr: 'aal2',
      amr: ['pwd', 'otp', 'mfa'],
    })
    expect((await me(app.url, { token: other.tokens.accessToken })).code).toBe('UNAUTHENTICATED')
    for (const { refreshToken } of [other.tokens, person.tokens]) {
      expect((await call(app.url, 'refreshSession', { refreshToken })).code).toBe('INVALID_TOKEN')
    }
    expect((await call(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })).code).toBe('SUCCESS')
    await app.mail(person.email, /authenticator app was added/)
  })

  test('a session of the cookie keeps its refresh token in the cookie', async () => {
    const email = await verifiedPerson(app)
    const login = await call(app.url, 'login', { email, password: PASSWORD, transport: 'COOKIE' })
    const cookie = login.headers.get('set-cookie')?.split(';')[0] ?? ''
    const stepped = await call(
      app.url,
      'stepUp',
      { password: PASSWORD },
      { token: tokenOf(login), headers: { cookie, origin: app.url } },
    )
    expect(stepped.data.tokens).toMatchObject({ refreshToken: null })
    const renewed = stepped.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect(renewed).toMatch(/^gatehouse_refresh=[\w-]{43}$/)
    expect(renewed).not.toBe(cookie)
  })

  test('an enrolment is replaced by the next one, and dies after ten minutes', async () => {
    const { tokens } = await signedIn(app)
    const token = tokens.accessToken
    const enrol = async () =>
      (await call(app.url, 'enrollTotp', {}, { token })).data as { factorId: string; secret: string }
    const [first, second] = [await enrol(), await enrol()]
    expect((await call(app.url, 'confirmTotp', { factorId: first.factorId, code: '123456' }, { token })).code).toBe(
      'NOT_FOUND',
    )
    app.clock.pass(10 * MINUTE)
    const stepped = tokenOf(await stepUp(token, { password: PASSWORD }))
    const late = await call(app.url, 'confirmTotp', { factorId: second.factorId, code: '123456' }, { token: stepped })
    expect(late.code).toBe('NOT_FOUND')
  })

  test("a wrong code, one that is none, another's factor, and a factor that is none are refused", async () => {
    const [one, two] = [await signedIn(app), await signedIn(app)]
    const token = one.tokens.accessToken
    const { factorId } = (await call(app.url, 'enrollTotp', {}, { token })).data as { factorId: string }
    const confirm = (input: object, by = token) => call(app.url, 'confirmTotp', input, { token: by })
    expect((await confirm({ factorId, code: '12345' })).code).toBe('INVALID_INPUT')
    expect((await confirm({ factorId, code: '123456' }, two.tokens.accessToken)).code).toBe('NOT_FOUND')
    expect((await confirm({ factorId: 'x', code: '123456' })).code).toBe('NOT_FOUND')
    expect(['INVALID_CREDENTIALS', 'SUCCESS']).toContain((await confirm({ factorId, code: '123456' })).code)
  })

  test('five apps are enough, each of them works, and only the first brings recovery codes', async () => {
    const person = await secured(app)
    let token = person.tokens.accessToken
    const apps = [person.authenticator]
    for (let count = 2; count <= 5; count += 1) {
      const added = await secure(app, token)
      expect(added.recoveryCodes).toBeNull()
      token = added.tokens.accessToken
      apps.push(added.authenticator)
    }
    const sixth = await call(app.url, 'enrollTotp', {}, { token })
    expect(sixth.data.fields).toEqual([
      {
        field: 'factor',
        code: 'UNSUPPORTED',
        message: 'You have 5 authenticator apps already. Please remove one first.',
      },
    ])
    app.clock.pass(30_000)
    for (const each of apps) {
      expect((await verify(await challengeOf(app, person.email, PASSWORD), { totp: each.code() })).code).toBe('SUCCESS')
    }
  })

  test('User shows the factors, what is left, and the ways in', async () => {
    const { tokens, factorId } = await secured(app)
    expect(await factors(tokens.accessToken)).toMatchObject({
      waysIn: ['PASSWORD', 'MAILED_CODE'],
      recoveryCodesLeft: 10,
      secondFactors: [{ id: factorId, kind: 'TOTP', name: 'Phone', lastUsedAt: null }],
    })
  })

  test('removing the last one takes the recovery codes along; logins ask for the password alone; the owner is told', async () => {
    const person = await secured(app)
    const token = person.tokens.accessToken
    const another = await secured(app)
    expect((await call(app.url, 'removeSecondFactor', { factorId: another.factorId }, { token })).code).toBe(
      'NOT_FOUND',
    )
    const removed = await call(app.url, 'removeSecondFactor', { factorId: person.factorId }, { token })
    expect(removed.data).toEqual({ factorId: person.factorId })
    expect(await factors(token)).toMatchObject({ recoveryCodesLeft: 0, secondFactors: [] })
    await app.mail(person.email, /second factor was removed/)
    expect((await loggedIn(app, person.email)).session).toMatchObject({ assuranceLevel: 1 })
  })
})

describe('a reset', () => {
  test('removes no factor, uses no code, and signs nobody in', async () => {
    const person = await secured(app)
    await call(app.url, 'requestReset', { email: person.email })
    const token = await app.mailedToken(person.email, /new password/)
    const reset = await call(app.url, 'confirmReset', { token, password: NEW_PASSWORD })
    expect(reset.data).toMatchObject({ revokedSessions: 1 })
    expect(reset.headers.get('set-cookie')).toBeNull()
    const answer = await call(app.url, 'login', { email: person.email, password: NEW_PASSWORD })
    expect([answer.code, answer.data.methods]).toEqual(['SECOND_FACTOR_REQUIRED', ['TOTP', 'RECOVERY_CODE']])
    expect(await factors((await loggedInWithBoth(person, NEW_PASSWORD)).tokens.accessToken)).toMatchObject({
      recoveryCodesLeft: 10,
    })
  })
})

describe('step-up', () => {
  type Guarded = [string, (person: Secured) => object | undefined]
  const OF_FACTORS: Guarded[] = [
    ['enrollTotp', () => ({})],
    ['confirmTotp', ({ factorId }) => ({ factorId, code: '123456' })],
    ['removeSecondFactor', ({ factorId }) => ({ factorId })],
    ['renewRecoveryCodes', () => undefined],
  ]
  const OF_ACCOUNTS: Guarded[] = [
    ['changePassword', () => ({ currentPassword: PASSWORD, newPassword: NEW_PASSWORD })],
    ['requestEmailChange', ({ email }) => ({ newEmail: `new.${email}`, password: PASSWORD })],
    ['deleteAccount', () => ({ password: PASSWORD })],
  ]

  test.each([...OF_FACTORS, ...OF_ACCOUNTS])(
    '%s: an access token of ten minutes ago is not enough for an account with a factor, nor is the password besides',
    async (name, input) => {
      const person = await secured(app)
      app.clock.pass(10 * MINUTE)
      const token = person.tokens.accessToken
      const answer = await call(app.url, name, input(person), { token })
      expect(answer.code).toBe('STEP_UP_REQUIRED')
      expect(answer.data).toMatchObject({ methods: ['TOTP', 'RECOVERY_CODE'], maxAge: 600 })
      const stepped = await stepUp(token, { totp: person.authenticator.nextCode() })
      expect(stepped.data.session).toMatchObject({ assuranceLevel: 2 })
      const again = await call(app.url, name, input(person), { token: tokenOf(stepped) })
      expect(again.code).toBe(name === 'confirmTotp' ? 'NOT_FOUND' : 'SUCCESS')
    },
  )

  test.each(OF_FACTORS)('%s: without a factor too, by the password', async (name, input) => {
    const person = { ...(await signedIn(app)), factorId: 'x' } as Secured
    app.clock.pass(10 * MINUTE)
    const answer = await call(app.url, name, input(person), { token: person.tokens.accessToken })
    expect(answer.data).toMatchObject({ code: 'STEP_UP_REQUIRED', methods: ['PASSWORD'] })
    const stepped = await stepUp(person.tokens.accessToken, { password: PASSWORD })
    expect(stepped.data.session).toMatchObject({ assuranceLevel: 1 })
    const again = await call(app.url, name, input(person), { token: tokenOf(stepped) })
    expect(again.code).toBe(name === 'enrollTotp' ? 'SUCCESS' : 'NOT_FOUND')
  })

  test.each(OF_ACCOUNTS)('%s: without a factor the password suffices', async (name, input) => {
    const person = (await signedIn(app)) as Secured
    app.clock.pass(10 * MINUTE)
    expect((await call(app.url, name, input(person), { token: person.tokens.accessToken })).code).toBe('SUCCESS')
  })

  test('replaces the tokens: the refresh token before is void', async () => {
    const { tokens } = await signedIn(app)
    const stepped = await stepUp(tokens.accessToken, { password: PASSWORD })
    expect((await call(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })).code).toBe('INVALID_TOKEN')
    const { refreshToken } = (stepped.data as unknown as LoggedIn).tokens
    expect((await call(app.url, 'refreshSession', { refreshToken })).code).toBe('SUCCESS')
  })

  test('takes exactly one proof, and of an account with a factor not the password alone', async () => {
    const person = await secured(app)
    const token = person.tokens.accessToken
    const fields = async (proof: object) => (await stepUp(token, proof)).data.fields
    expect(await fields({})).toMatchObject([{ field: 'password', code: 'REQUIRED' }])
    expect(await fields({ password: PASSWORD })).toMatchObject([{ field: 'password', code: 'UNSUPPORTED' }])
    expect(await fields({ password: PASSWORD, totp: '123456' })).toMatchObject([
      { field: 'password', code: 'UNSUPPORTED' },
    ])
    const { tokens } = await signedIn(app)
    expect((await stepUp(tokens.accessToken, { totp: '123456' })).data.fields).toMatchObject([
      { field: 'totp', code: 'UNSUPPORTED' },
    ])
  })

  test('wrong proofs are refused and counted with those of logins', async () => {
    const { authenticator, tokens, email } = await secured(app)
    const token = tokens.accessToken
    const wrong = () => call(limited.url, 'stepUp', { totp: authenticator.wrongCode() }, { token })
    for (let round = 0; round < 10; round += 1) expect((await wrong()).code).toBe('INVALID_CREDENTIALS')
    expect((await wrong()).code).toBe('RATE_LIMITED')
    const challenge = await challengeOf(limited, email, PASSWORD)
    const answer = await call(limited.url, 'verifySecondFactor', { challenge, totp: authenticator.nextCode() })
    expect(answer.code).toBe('RATE_LIMITED')
    await app.mail(email, /Wrong codes/)
  })

  test('a wrong password is INVALID_CREDENTIALS', async () => {
    const { tokens } = await signedIn(app)
    expect((await stepUp(tokens.accessToken, { password: 'another tractor seven moons' })).code).toBe(
      'INVALID_CREDENTIALS',
    )
  })
})

/** What each mutation that answers tokens does for an account with a factor: a new one without a line here fails. */
const WAYS_IN: Record<string, (person: Secured & { before: LoggedIn }) => Promise<unknown>> = {
  login: async ({ email }) => {
    expect((await call(app.url, 'login', { email, password: PASSWORD })).code).toBe('SECOND_FACTOR_REQUIRED')
  },
  verifySecondFactor: async ({ email, authenticator }) => {
    const challenge = await challengeOf(app, email, PASSWORD)
    expect((await verify(challenge, { totp: authenticator.wrongCode() })).code).toBe('INVALID_CREDENTIALS')
  },
  loginWithCode: async ({ email }) => {
    const { data } = await call(app.url, 'requestLoginCode', { email })
    const code = codeOf(await app.mail(email, /sign-in code/))
    expect((await call(app.url, 'loginWithCode', { challenge: data.challenge, code })).code).toBe(
      'SECOND_FACTOR_REQUIRED',
    )
  },
  // A passkey is two factors by itself: with user verification it starts a session of level 2, without it none.
  loginWithPasskey: async ({ before }) => {
    const { data } = await call(app.url, 'startPasskeyLogin')
    const { challenge, options } = data as { challenge: string; options: Record<string, unknown> }
    const response = new SoftwarePasskey(app.config.publicUrl).get(options, { unverified: true })
    const { accessToken: token } = before.tokens
    expect((await call(app.url, 'loginWithPasskey', { challenge, response }, { token })).code).toBe(
      'INVALID_CREDENTIALS',
    )
  },
  refreshSession: async ({ before }) => {
    const { refreshToken } = before.tokens
    expect((await call(app.url, 'refreshSession', { refreshToken })).code).toBe('INVALID_TOKEN')
  },
  stepUp: async ({ before }) => {
    expect((await stepUp(before.tokens.accessToken, { password: PASSWORD })).code).toBe('UNAUTHENTICATED')
  },
  confirmTotp: async ({ before, factorId }) => {
    const { accessToken: token } = before.tokens
    expect((await call(app.url, 'confirmTotp', { factorId, code: '123456' }, { token })).code).toBe('UNAUTHENTICATED')
  },
  changePassword: async ({ before }) => {
    const { accessToken: token } = before.tokens
    const input = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
    expect((await call(app.url, 'changePassword', input, { token })).code).toBe('UNAUTHENTICATED')
  },
}

describe('every mutation that answers tokens gives an account with a factor none for one factor alone', () => {
  const fields = Object.values(
    createSchema({ development: false, loginCode: true }).getMutationType()?.getFields() ?? {},
  )
  const withTokens = fields.filter(({ type }) => {
    const union = 'ofType' in type ? (type.ofType as unknown) : type
    return isUnionType(union) && union.getTypes().some((member) => 'tokens' in member.getFields())
  })

  test('those are all of them', () => {
    expect(withTokens.map(({ name }) => name).sort()).toEqual(Object.keys(WAYS_IN).sort())
  })

  test.each(withTokens.map(({ name }) => name))('%s', async (name) => {
    const person = await signedIn(app)
    const before = await loggedIn(app, person.email)
    const account = { ...person, ...(await secure(app, person.tokens.accessToken)), before }
    await WAYS_IN[name]?.(account)
    const { rows } = await pool.query<{ count: string }>(
      'SELECT count(*) FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND aal < 2',
      [person.user.id],
    )
    expect(rows).toEqual([{ count: '0' }])
  })
})

describe('the database', () => {
  /** As the release before writes one: it knows no level. */
  const insertSession = (userId: string) =>
    pool.query(
      `INSERT INTO sessions (id, user_id, refresh_token_hash, created_at, last_seen_at, expires_at)
       VALUES (gen_random_uuid(), $1, sha256(gen_random_uuid()::text::bytea), now(), now(), now() + interval '1 day')`,
      [userId],
    )

  test('gives a session of the release before to an account without a factor, and none to one with a factor', async () => {
    const without = await signedIn(app)
    await call(app.url, 'enrollTotp', {}, { token: without.tokens.accessToken })
    expect((await insertSession(without.user.id)).rowCount).toBe(1)
    const { user } = await secured(app)
    await expect(insertSession(user.id)).rejects.toMatchObject({ code: '23514', constraint: 'sessions_second_factor' })
  })

  test('lowers no session of an account with a factor', async () => {
    const { session } = await secured(app)
    const lowered = pool.query('UPDATE sessions SET aal = 1 WHERE id = $1', [session.id])
    await expect(lowered).rejects.toMatchObject({ code: '23514', constraint: 'sessions_second_factor' })
  })

  test('holds no secret, no code and no challenge, in any encoding', async () => {
    const person = await secured(app)
    const challenge = await challengeOf(app, person.email, PASSWORD)
    const bytes = base32Bytes(person.secret)
    const forms = (text: string) => [text, Buffer.from(text).toString('hex'), Buffer.from(text).toString('base64')]
    const codes = person.recoveryCodes.flatMap((code) => [
      code,
      code.replaceAll('-', ''),
      code.replaceAll('-', '').toUpperCase(),
    ])
    const secrets = [
      ...[person.secret, challenge, ...codes].flatMap(forms),
      ...[bytes, Buffer.from(challenge, 'base64url')].flatMap((raw) => [
        raw.toString('hex'),
        raw.toString('base64'),
        raw.toString('latin1'),
      ]),
    ]
    const dump = await dumpTables(pool)
    expect(dump).toContain(person.factorId)
    expect(secrets.filter((secret) => dump.toLowerCase().includes(secret.toLowerCase()))).toEqual([])
    expect(secrets.filter((secret) => JSON.stringify(app.log).includes(secret))).toEqual([])
  })

  test('keeps nothing of a deleted account', async () => {
    const person = await secured(app)
    await challengeOf(app, person.email, PASSWORD)
    const token = person.tokens.accessToken
    expect((await call(app.url, 'deleteAccount', { password: PASSWORD }, { token })).code).toBe('SUCCESS')
    const dump = await dumpTables(pool)
    expect(dump).not.toContain(person.user.id)
    expect(dump).not.toContain(person.factorId)
  })
})

function base32Bytes(text: string): Buffer {
  const bits = Array.from(text, (letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  )
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)))
}

describe('what it costs', () => {
  test('a login without a factor asks for it in one statement', async () => {
    const email = await verifiedPerson(app)
    await loggedIn(app, email)
    const texts = await statementsDuring(() => loggedIn(app, email))
    expect(texts.filter((text) => /totp_factors|recovery_codes|challenges/.test(text))).toHaveLength(1)
  })

  test('a warm me asks for nothing', async () => {
    const { tokens } = await secured(app)
    const ask = () => post(app.url, { query: '{ me { id email } }' }, { token: tokens.accessToken })
    await ask()
    const texts = await statementsDuring(ask)
    expect(texts.filter((text) => /FROM sessions|totp_factors/.test(text))).toEqual([])
  })
})
