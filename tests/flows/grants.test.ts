import { decodeJwt } from 'jose'
import { type TestApp, startTestApp } from '../support/app'
import { type LoggedIn, call, me, post } from '../support/client'
import { PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { runGatehouse } from '../support/process'
import { until } from '../support/until'

const ORDERS = 'https://orders.example.com'

let app: TestApp
/** The same service, with the claims that Hasura reads, another audience and a client id. */
let hasura: TestApp
/** The same, with the claim that PostgREST reads. */
let postgrest: TestApp
beforeAll(async () => {
  app = await startTestApp({ periodic: false })
  const shared = { databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock, periodic: false }
  const { publicUrl: PUBLIC_URL } = app.config
  const further = { ACCESS_TOKEN_AUDIENCE: ORDERS, ACCESS_TOKEN_CLIENT_ID: 'gatehouse' }
  hasura = await startTestApp({ ...shared, env: { PUBLIC_URL, TOKEN_CLAIMS: 'hasura', ...further } })
  postgrest = await startTestApp({ ...shared, env: { PUBLIC_URL, TOKEN_CLAIMS: 'postgrest' } })
})
afterAll(async () => {
  await postgrest.close()
  await hasura.close()
  await app.close()
})

/** Runs a command against the database of the test, as an operator does on the machine. */
async function gatehouse(...args: string[]): Promise<{ code: number | null; output: string }> {
  const command = runGatehouse(args, { DATABASE_URL: app.databaseUrl })
  const { code } = await command.ended()
  return { code, output: command.output }
}
const account = async (...args: string[]) => {
  const { code, output } = await gatehouse(...args)
  expect(code).toBe(0)
  return JSON.parse(output) as Record<string, unknown>
}

type Held = Pick<LoggedIn, 'tokens'>
const claimsOf = ({ tokens }: Held) => decodeJwt(tokens.accessToken)
const refreshed = async ({ tokens: { refreshToken } }: Held): Promise<Held> => {
  const answer = await call(app.url, 'refreshSession', { refreshToken })
  expect(answer.code).toBe('SUCCESS')
  return answer.data as unknown as Held
}

test('a user without roles and claims has no claim of them', async () => {
  const session = await signedIn(app)
  expect(Object.keys(claimsOf(session)).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
})

test('roles and claims reach the next refresh and the next login, and the command shows them', async () => {
  const session = await signedIn(app)
  const { email } = session
  expect(await account('roles', 'set', email, 'editor', 'billing')).toMatchObject({ roles: ['editor', 'billing'] })
  const shown = await account('claims', 'set', email, '{"plan":"gold","limits":{"seats":5}}')
  expect(shown).toMatchObject({ email, claims: { plan: 'gold', limits: { seats: 5 } } })
  const granted = {
    roles: ['editor', 'billing'],
    [`${app.config.publicUrl}/claims`]: { plan: 'gold', limits: { seats: 5 } },
  }
  expect(claimsOf(await refreshed(session))).toMatchObject(granted)
  expect(claimsOf(await loggedIn(app, email))).toMatchObject(granted)
  expect(await account('roles', 'set', email)).toMatchObject({ roles: [] })
  expect(claimsOf(await loggedIn(app, email)).roles).toBeUndefined()
})

test('with --end-sessions they count at once: the session ends on every instance', async () => {
  const { email, tokens } = await signedIn(app)
  const token = tokens.accessToken
  for (const { url } of [app, postgrest]) expect((await me(url, { token })).code).toBe('SUCCESS')
  expect(await account('roles', 'set', email, 'editor', '--end-sessions')).toMatchObject({ sessions: [] })
  for (const { url } of [app, postgrest]) await until(async () => (await me(url, { token })).code === 'UNAUTHENTICATED')
})

test('Hasura and PostgREST read them in their own claims, and another audience verifies the same token', async () => {
  const { email } = await signedIn(app)
  const plain = await loggedIn(hasura, email)
  const { sub } = claimsOf(plain)
  const name = 'https://hasura.io/jwt/claims'
  expect(claimsOf(plain)[name]).toEqual({
    ...{ 'x-hasura-user-id': sub, 'x-hasura-default-role': 'user', 'x-hasura-allowed-roles': ['user'] },
  })
  await account('roles', 'set', email, 'editor', 'billing')
  const granted = await loggedIn(hasura, email)
  expect(claimsOf(granted)).toMatchObject({
    ...{ aud: [app.config.publicUrl, ORDERS], client_id: 'gatehouse' },
    [name]: { 'x-hasura-default-role': 'editor', 'x-hasura-allowed-roles': ['editor', 'billing'] },
  })
  // An instance with other settings accepts it, as in an upgrade.
  expect((await me(app.url, { token: granted.tokens.accessToken })).code).toBe('SUCCESS')
  expect(claimsOf(await loggedIn(postgrest, email))).toMatchObject({ role: 'editor', roles: ['editor', 'billing'] })
})

test('the most that can be granted still fits into a header, and is accepted', async () => {
  const email = await verifiedPerson(app)
  await account('roles', 'set', email, ...Array.from({ length: 20 }, (_, n) => `r${n}`.padEnd(40, 'x')))
  await account('claims', 'set', email, JSON.stringify({ text: 'x'.repeat(2_048 - '{"text":""}'.length) }))
  const { tokens } = await loggedIn(hasura, email)
  expect(tokens.accessToken.length).toBeLessThan(7_000)
  expect((await me(hasura.url, { token: tokens.accessToken })).code).toBe('SUCCESS')
})

test.each([
  ['a role with a blank', ['roles', 'set', 'EMAIL', 'an editor']],
  ['a role of 41 characters', ['roles', 'set', 'EMAIL', 'x'.repeat(41)]],
  ['twenty-one roles', ['roles', 'set', 'EMAIL', ...Array.from({ length: 21 }, (_, n) => `r${n}`)]],
  ['claims that are no JSON', ['claims', 'set', 'EMAIL', '{plan']],
  ['claims that are a list', ['claims', 'set', 'EMAIL', '[]']],
  ['claims with a text that PostgreSQL cannot store', ['claims', 'set', 'EMAIL', '{"tenant":"a\\u0000"}']],
  ['claims with a text that UTF-8 cannot encode', ['claims', 'set', 'EMAIL', '{"tenant":"a\\ud800"}']],
  ['claims of two levels', ['claims', 'set', 'EMAIL', '{"a":{"b":{"c":1}}}']],
  ['claims over 2 kB', ['claims', 'set', 'EMAIL', JSON.stringify({ text: 'x'.repeat(2_048) })]],
  ['an address without an account', ['users', 'disable', 'nobody.at.all@example.com']],
  ['what is no address', ['users', 'show', 'ada']],
])('%s is refused in words, and nothing changes', async (_what, args) => {
  const email = await verifiedPerson(app)
  const { code, output } = await gatehouse(...args.map((word) => (word === 'EMAIL' ? email : word)))
  expect({ code, output }).toEqual({ code: 1, output: expect.stringMatching(/^Not done: .+\.\n$/) as string })
  expect(await account('users', 'show', email)).toMatchObject({ roles: [], claims: {} })
})

test('no public input takes roles or claims', async () => {
  const { tokens } = await signedIn(app)
  for (const field of ['roles: ["admin"]', 'claims: {}']) {
    const register = `mutation { register(input: { email: "${someone()}", password: "${PASSWORD}", ${field} }) { __typename } }`
    expect((await post(app.url, { query: register })).status).toBe(400)
    const update = `mutation { updateProfile(input: { ${field} }) { __typename } }`
    expect((await post(app.url, { query: update }, { token: tokens.accessToken })).status).toBe(400)
  }
})

test('a disabled account has no session, link or login on any instance until it is enabled', async () => {
  const session = await signedIn(app)
  const { email, tokens, user } = session
  const token = tokens.accessToken
  for (const { url } of [app, postgrest]) expect((await me(url, { token })).code).toBe('SUCCESS')
  await call(app.url, 'requestReset', { email })
  const reset = await app.mailedToken(email, /new password/)
  expect((await account('users', 'disable', email)).disabledAt).not.toBeNull()
  for (const { url } of [app, postgrest]) await until(async () => (await me(url, { token })).code === 'UNAUTHENTICATED')
  const { refreshToken } = tokens
  expect((await call(app.url, 'refreshSession', { refreshToken })).code).toBe('INVALID_TOKEN')
  expect((await call(app.url, 'login', { email, password: PASSWORD })).code).toBe('INVALID_CREDENTIALS')
  expect((await call(app.url, 'confirmReset', { token: reset, password: `${PASSWORD} anew` })).code).toBe(
    'INVALID_TOKEN',
  )

  expect((await account('users', 'enable', email)).disabledAt).toBeNull()
  await loggedIn(app, email)
  expect(await account('sessions', 'end', email)).toMatchObject({ sessions: [] })
  const { rows } = await app.app.deps.database.pool.query<{ type: string; actor_kind: string }>(
    'SELECT type, actor_kind FROM audit_events WHERE user_id = $1 ORDER BY id',
    [user.id],
  )
  const kinds = Object.fromEntries(rows.map((row) => [row.type, row.actor_kind]))
  expect(kinds).toMatchObject({
    login_succeeded: 'user',
    user_disabled: 'cli',
    user_enabled: 'cli',
    user_sessions_ended: 'cli',
  })
})

test('an account deleted by command is gone on every instance, its owner is told, and the audit names the actor', async () => {
  const { email, tokens, user } = await signedIn(app)
  const token = tokens.accessToken
  for (const { url } of [app, postgrest]) expect((await me(url, { token })).code).toBe('SUCCESS')
  const unsure = await gatehouse('users', 'delete', email)
  expect(unsure).toEqual({ code: 1, output: 'Not done: nothing brings a deleted account back; give --yes too.\n' })
  expect((await call(app.url, 'login', { email, password: PASSWORD })).code).toBe('SUCCESS')

  expect(await gatehouse('users', 'delete', email, '--yes')).toEqual({ code: 0, output: `Deleted: ${user.id}\n` })
  for (const { url } of [app, postgrest]) await until(async () => (await me(url, { token })).code === 'UNAUTHENTICATED')
  expect((await call(app.url, 'login', { email, password: PASSWORD })).code).toBe('INVALID_CREDENTIALS')
  await app.mail(email, /deleted/)
  const { rows } = await app.app.deps.database.pool.query(
    `SELECT user_id, actor_kind FROM audit_events WHERE type = 'account_deleted' ORDER BY id DESC LIMIT 1`,
  )
  expect(rows).toEqual([{ user_id: null, actor_kind: 'cli' }])
  expect((await gatehouse('users', 'delete', email, '--yes')).code).toBe(1)
})
