import { type TestApp, startTestApp } from '../support/app'
import { type Answer, type LoggedIn, call, post, rest } from '../support/client'
import { DescribedApi } from '../support/openapi'
import { SoftwarePasskey } from '../support/passkey'
import { NEW_PASSWORD, PASSWORD, loggedIn, signedIn, someone } from '../support/people'
import { Authenticator, challengeOf } from '../support/totp'

const MINUTE = 60_000
const UNKNOWN = '0199f000-0000-7000-8000-000000000000'
const TOKEN = 'A'.repeat(43)

let app: TestApp
/** The same service with rate limits. */
let limited: TestApp
let described: DescribedApi
beforeAll(async () => {
  app = await startTestApp({ env: { LOGIN_CODE: 'on' } })
  limited = await startTestApp({
    env: { RATE_LIMITS: 'on', NODE_ENV: 'test', PUBLIC_URL: app.config.publicUrl },
    ...{ databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock },
  })
  described = await DescribedApi.of(app.url)
})
afterAll(async () => {
  await limited.close()
  await app.close()
})

/** Asks, and holds input and answer against the description that the server itself gives. */
async function ask(name: string, input?: unknown, token?: string, url = app.url): Promise<Answer> {
  const answer = await rest(url, name, input, token === undefined ? {} : { token })
  described.check(name, input, answer)
  return answer
}

/** Asks and demands a status; resolves to the body. */
async function expected<T = Record<string, unknown>>(status: number, answer: Promise<Answer>): Promise<T> {
  const { status: given, text, data } = await answer
  if (given !== status) throw new Error(`${status} was expected: ${given} ${text}`)
  return data as T
}
const tokenOf = ({ tokens }: Pick<LoggedIn, 'tokens'>) => tokens.accessToken

describe('sessions', () => {
  test('are listed, ended one by one, and all but one', async () => {
    const person = await signedIn(app)
    const token = tokenOf(person)
    const [second] = [await loggedIn(app, person.email), await loggedIn(app, person.email)]
    const { sessions } = await expected<{ sessions: { id: string; current: boolean }[] }>(
      200,
      ask('sessions', undefined, token),
    )
    expect(sessions.length).toBe(3)
    expect(sessions.filter(({ current }) => current).map(({ id }) => id)).toEqual([person.session.id])

    const sessionId = second.session.id
    expect(await expected(200, ask('revokeSession', { sessionId }, token))).toEqual({ sessionId })
    expect((await ask('me', undefined, tokenOf(second))).status).toBe(401)
    expect((await ask('revokeSession', { sessionId }, token)).status).toBe(404)
    expect(await expected(200, ask('revokeOtherSessions', undefined, token))).toEqual({ revokedSessions: 1 })
    const left = await expected<{ sessions: unknown[] }>(200, ask('sessions', undefined, token))
    expect(left.sessions).toEqual([expect.objectContaining({ id: person.session.id })])
  })

  test('leave events behind, which come in pages', async () => {
    const person = await signedIn(app)
    const token = tokenOf(person)
    await ask('updateProfile', { displayName: 'Ada' }, token)
    interface Page {
      securityEvents: { edges: { node: { type: string } }[]; pageInfo: { endCursor: string; hasNextPage: boolean } }
    }
    const typesOf = ({ securityEvents }: Page) => securityEvents.edges.map(({ node }) => node.type)
    const first = await expected<Page>(200, ask('securityEvents', { first: '1' }, token))
    expect([typesOf(first), first.securityEvents.pageInfo.hasNextPage]).toEqual([['PROFILE_UPDATED'], true])
    const after = first.securityEvents.pageInfo.endCursor
    const rest = await expected<Page>(200, ask('securityEvents', { after }, token))
    expect([typesOf(rest), rest.securityEvents.pageInfo.hasNextPage]).toEqual([['LOGIN_SUCCEEDED'], false])
    expect(typesOf(await expected<Page>(200, ask('securityEvents', undefined, token)))).toHaveLength(2)
  })

  test.each([{ first: 'many' }, { first: '0' }, { first: '101' }, { first: '1.5' }, { after: 'x' }])(
    'refuse the page %j',
    async (page) => {
      const token = tokenOf(await signedIn(app))
      expect(await ask('securityEvents', page, token)).toMatchObject({ status: 400, code: 'BAD_USER_INPUT' })
    },
  )
})

describe('an account', () => {
  test('changes name, password and address, and ends', async () => {
    const person = await signedIn(app)
    const token = tokenOf(person)
    const profile = await expected(200, ask('updateProfile', { displayName: 'Ada', locale: 'de' }, token))
    expect(profile.user).toMatchObject({ displayName: 'Ada', locale: 'de', email: person.email })
    const policy = await expected(200, ask('passwordPolicy'))
    expect(policy).toEqual({ minLength: 8, maxLength: 128, minScore: expect.any(Number) as number })

    const change = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
    expect((await ask('changePassword', { ...change, currentPassword: 'x' }, token)).status).toBe(401)
    expect((await ask('changePassword', { ...change, newPassword: 'password1' }, token)).status).toBe(400)
    const cookie = await ask('changePassword', { ...change, transport: 'COOKIE' }, token)
    expect(cookie).toMatchObject({ status: 200, data: { revokedSessions: 0, tokens: { refreshToken: null } } })
    const set = cookie.headers.get('set-cookie') ?? ''
    expect(set).toMatch(/^gatehouse_refresh=[\w-]{43};.*HttpOnly; SameSite=Strict$/)
    const headers = { cookie: set.split(';', 1)[0] ?? '' }
    const refreshed = await rest(app.url, 'refreshSession', {}, { headers })
    const now = tokenOf(await expected<LoggedIn>(200, Promise.resolve(refreshed)))

    const newEmail = someone()
    const asked = await expected(202, ask('requestEmailChange', { newEmail, password: NEW_PASSWORD }, now))
    expect(asked).toEqual({ newEmail })
    const cancelled = await app.mailedToken(newEmail)
    expect(await expected(200, ask('cancelEmailChange', undefined, now))).toEqual({ email: person.email })
    expect((await ask('confirmEmailChange', { token: cancelled })).status).toBe(400)
    const another = someone()
    await expected(202, ask('requestEmailChange', { newEmail: another, password: NEW_PASSWORD }, now))
    const confirmed = await expected(200, ask('confirmEmailChange', { token: await app.mailedToken(another) }))
    expect(confirmed).toEqual({ email: another })

    const last = tokenOf(await loggedIn(app, another, NEW_PASSWORD))
    expect((await ask('deleteAccount', { password: PASSWORD }, last)).status).toBe(401)
    expect(await expected(200, ask('deleteAccount', { password: NEW_PASSWORD }, last))).toEqual({
      userId: person.user.id,
    })
    expect((await ask('me', undefined, last)).status).toBe(401)
  })
})

describe('the ways in', () => {
  test('an authenticator app and its recovery codes, with the proof that they ask for', async () => {
    const person = await signedIn(app)
    const enrolled = await expected<{ factorId: string; secret: string }>(
      200,
      ask('enrollTotp', { name: 'Phone' }, tokenOf(person)),
    )
    const { factorId, secret } = enrolled
    const authenticator = new Authenticator(secret, app)
    const wrong = { factorId, code: authenticator.wrongCode() }
    expect((await ask('confirmTotp', wrong, tokenOf(person))).status).toBe(401)
    const confirmed = await expected<LoggedIn & { recoveryCodes: string[] }>(
      201,
      ask('confirmTotp', { factorId, code: authenticator.code() }, tokenOf(person)),
    )
    expect(confirmed.recoveryCodes).toHaveLength(10)
    const token = tokenOf(confirmed)
    expect(await expected(200, ask('waysIn', undefined, token))).toMatchObject({
      waysIn: ['PASSWORD', 'MAILED_CODE'],
      passkeys: [],
      secondFactors: [{ id: factorId, kind: 'TOTP', name: 'Phone' }],
      recoveryCodesLeft: 10,
    })

    app.clock.pass(11 * MINUTE)
    const due = await ask('renewRecoveryCodes', undefined, token)
    expect([due.status, due.code, due.data.maxAge]).toEqual([403, 'STEP_UP_REQUIRED', 600])
    const proved = tokenOf(await expected<LoggedIn>(200, ask('stepUp', { totp: authenticator.nextCode() }, token)))
    const { recoveryCodes } = await expected<{ recoveryCodes: string[] }>(
      201,
      ask('renewRecoveryCodes', undefined, proved),
    )
    expect(recoveryCodes).toHaveLength(10)
    expect(recoveryCodes).not.toEqual(confirmed.recoveryCodes)

    const challenge = await challengeOf(app, person.email, PASSWORD)
    await expected(200, ask('verifySecondFactor', { challenge, recoveryCode: recoveryCodes[0] }))
    expect((await ask('removeSecondFactor', { factorId: UNKNOWN }, proved)).status).toBe(404)
    expect(await expected(200, ask('removeSecondFactor', { factorId }, proved))).toEqual({ factorId })
    expect((await ask('renewRecoveryCodes', undefined, proved)).status).toBe(404)
  })

  test('a passkey is added, renamed and removed, but not the last way in', async () => {
    const person = await signedIn(app)
    const token = tokenOf(person)
    const passkey = new SoftwarePasskey(app.config.publicUrl)
    const started = await expected<{ challenge: string; options: Record<string, unknown> }>(
      200,
      ask('startPasskeyRegistration', undefined, token),
    )
    const response = passkey.create(started.options)
    const added = await expected<{ passkey: { id: string } }>(
      201,
      ask('registerPasskey', { challenge: started.challenge, response }, token),
    )
    const passkeyId = added.passkey.id
    const renamed = await expected(200, ask('renamePasskey', { passkeyId, name: 'Laptop' }, token))
    expect(renamed.passkey).toMatchObject({ id: passkeyId, name: 'Laptop' })
    expect((await ask('renamePasskey', { passkeyId: UNKNOWN, name: 'Laptop' }, token)).status).toBe(404)

    const login = await expected<{ challenge: string; options: Record<string, unknown> }>(200, ask('startPasskeyLogin'))
    const session = await expected<LoggedIn>(
      200,
      ask('loginWithPasskey', { challenge: login.challenge, response: passkey.get(login.options) }),
    )
    const noPassword = `UPDATE users SET password_hash = '!' WHERE id = $1`
    await app.app.deps.database.pool.query(noPassword, [person.user.id])
    // This instance offers no login by mailed code.
    const last = await ask('removePasskey', { passkeyId }, tokenOf(session), limited.url)
    expect([last.status, last.code]).toEqual([409, 'LAST_WAY_IN'])
    const removed = await expected(200, ask('removePasskey', { passkeyId }, tokenOf(session)))
    expect(removed).toMatchObject({ passkeyId, acceptedCredentialIds: [], rpId: 'localhost' })
    expect((await ask('removePasskey', { passkeyId }, tokenOf(session))).status).toBe(404)
  })
})

/** The routes that a signed-in user alone may call, each with an input that the schema takes. */
const SIGNED_IN: [string, unknown][] = [
  ['me', undefined],
  ['sessions', undefined],
  ['securityEvents', undefined],
  ['waysIn', undefined],
  ['exportAccount', undefined],
  ['cancelEmailChange', undefined],
  ['revokeOtherSessions', undefined],
  ['renewRecoveryCodes', undefined],
  ['startPasskeyRegistration', undefined],
  ['updateProfile', {}],
  ['enrollTotp', {}],
  ['revokeSession', { sessionId: UNKNOWN }],
  ['changePassword', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }],
  ['requestEmailChange', { newEmail: 'a@example.com', password: PASSWORD }],
  ['deleteAccount', { password: PASSWORD }],
  ['confirmTotp', { factorId: UNKNOWN, code: '000000' }],
  ['removeSecondFactor', { factorId: UNKNOWN }],
  ['registerPasskey', { challenge: TOKEN, response: {} }],
  ['renamePasskey', { passkeyId: UNKNOWN, name: 'Laptop' }],
  ['removePasskey', { passkeyId: UNKNOWN }],
  ['stepUp', { password: PASSWORD }],
]

test.each(SIGNED_IN)('%s without a token, and with one of an ended session, is 401', async (name, input) => {
  const person = await signedIn(app)
  await call(app.url, 'logout', undefined, { token: tokenOf(person) })
  for (const token of [undefined, tokenOf(person)])
    expect(await ask(name, input, token)).toMatchObject({ status: 401, code: 'UNAUTHENTICATED' })
})

test.each([
  ['revokeSession', {}],
  ['deleteAccount', { password: 1 }],
  ['renamePasskey', { passkeyId: UNKNOWN, name: 'Laptop', userId: UNKNOWN }],
])('%s refuses an input that the schema does not know: %j', async (name, input) => {
  const token = tokenOf(await signedIn(app))
  expect(await ask(name, input, token)).toMatchObject({ status: 400, code: 'BAD_USER_INPUT' })
})

test('the budgets of signed-in operations are those of GraphQL', async () => {
  const person = await signedIn(app)
  const token = tokenOf(person)
  const input = { currentPassword: PASSWORD, newPassword: 'password1' }
  for (let index = 0; index < 5; index += 1) {
    expect((await ask('changePassword', input, token, limited.url)).code).toBe('WEAK_PASSWORD')
    expect((await call(limited.url, 'changePassword', input, { token })).code).toBe('WEAK_PASSWORD')
  }
  const answer = await ask('changePassword', input, token, limited.url)
  expect([answer.status, answer.code]).toEqual([429, 'RATE_LIMITED'])
  expect(answer.headers.get('retry-after')).toBe(String(answer.data.retryAfter))
  const byGraphQL = await call(limited.url, 'changePassword', input, { token })
  expect(byGraphQL.code).toBe('RATE_LIMITED')
})

test('a HEAD request and a GET request change nothing', async () => {
  const token = tokenOf(await signedIn(app))
  const headers = { authorization: `Bearer ${token}` }
  for (const method of ['GET', 'HEAD']) {
    const answer = await fetch(`${app.url}/api/auth/sessions-revoke-others`, { method, headers })
    expect([method, answer.status]).toEqual([method, 405])
  }
  const form = await fetch(`${app.url}/api/auth/account-delete`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'password=x',
  })
  expect(form.status).toBe(415)
  expect((await post(app.url, { query: '{ me { id } }' }, { token })).status).toBe(200)
})
