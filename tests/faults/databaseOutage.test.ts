import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { type TestApp, startTestApp } from '../support/app'
import { type Answer, call, me, rest } from '../support/client'
import { createDatabase } from '../support/database'
import { NEW_PASSWORD, PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { BY_TLS, PRODUCTION } from '../support/production'
import { TcpProxy } from '../support/tcpProxy'
import { until } from '../support/until'

/** Milliseconds within which every request ends, and within which service is normal after an outage. */
const LIMIT = 10_000

const someToken = () => (randomUUID() + randomUUID()).replaceAll('-', '').slice(0, 43)
const email = () => someone()

/** A valid call of every mutation: each one needs the database. */
const CALLS: [name: string, input: () => unknown][] = [
  ['register', () => ({ email: email(), password: PASSWORD })],
  ['verifyEmail', () => ({ token: someToken() })],
  ['resendVerification', () => ({ email: email() })],
  ['login', () => ({ email: email(), password: PASSWORD })],
  ['refreshSession', () => ({ refreshToken: someToken() })],
  ['requestReset', () => ({ email: email() })],
  ['confirmReset', () => ({ token: someToken(), password: NEW_PASSWORD })],
  ['logout', () => undefined],
  ['revokeSession', () => ({ sessionId: randomUUID() })],
  ['revokeOtherSessions', () => undefined],
  ['updateProfile', () => ({ displayName: 'Somebody' })],
  ['changePassword', () => ({ currentPassword: PASSWORD, newPassword: NEW_PASSWORD })],
  ['requestEmailChange', () => ({ newEmail: email(), password: PASSWORD })],
  ['confirmEmailChange', () => ({ token: someToken() })],
  ['deleteAccount', () => ({ password: PASSWORD })],
]
const BY_REST = new Set(['register', 'verifyEmail', 'login', 'refreshSession', 'requestReset', 'confirmReset', 'logout'])

let app: TestApp
let network: TcpProxy
let database: Awaited<ReturnType<typeof createDatabase>>
beforeAll(async () => {
  database = await createDatabase()
  network = await TcpProxy.start(database.url)
  app = await startTestApp({ databaseUrl: network.url, env: { RATE_LIMITS: 'on' } })
})
afterAll(async () => {
  await network.mend()
  await app.close()
  await network.cut()
  await database.drop()
})

/** An answer, and the milliseconds that it took. */
async function timed(name: string, request: Promise<Answer>) {
  const started = performance.now()
  const { code, status, headers } = await request
  const inTime = performance.now() - started < LIMIT
  return { name, code, status, retryAfter: headers.get('retry-after'), inTime }
}

/** Everything a client can ask, by every door, all at once: more than the pool has connections for. */
function askEverything(token: string) {
  return Promise.all([
    timed('me', me(app.url, { token })),
    timed('me by REST', rest(app.url, 'me', undefined, { token })),
    ...CALLS.map(([name, input]) => timed(name, call(app.url, name, input(), { token }))),
    ...CALLS.filter(([name]) => BY_REST.has(name)).map(([name, input]) =>
      timed(`${name} by REST`, rest(app.url, name, input(), { token })),
    ),
  ])
}

const statusOf = async (path: string) => (await fetch(app.url + path)).status

/** Logs in, gets a mail, and is heard by the listener: service is normal. */
async function expectNormalSoon(address: string): Promise<void> {
  const started = performance.now()
  await until(async () => (await statusOf('/health/ready')) === 200)
  await until(async () => (await call(app.url, 'login', { email: address, password: PASSWORD })).code === 'SUCCESS')
  const newcomer = someone()
  await until(async () => (await call(app.url, 'register', { email: newcomer, password: PASSWORD })).code === 'SUCCESS')
  await app.mail(newcomer)
  await until(async () => (await (await fetch(`${app.url}/metrics`)).text()).includes('gatehouse_change_listener_up 1'))
  expect(performance.now() - started).toBeLessThan(LIMIT)
}

describe.each([
  ['refuses connections and has cut those there were', () => network.cut()],
  ['has frozen', () => network.freeze()],
])('while the way to the database %s', (_state, breakIt) => {
  test('every operation answers SERVICE_UNAVAILABLE within 10 s, and service is normal within 10 s after it', async () => {
    const { tokens, email: address } = await signedIn(app)
    await breakIt()
    const answers = await askEverything(tokens.accessToken)
    const refused = { code: 'SERVICE_UNAVAILABLE', status: 503, retryAfter: expect.stringMatching(/^\d+$/) as string }
    expect(answers).toEqual(answers.map(({ name }) => ({ name, ...refused, inTime: true })))
    expect(await statusOf('/health/live')).toBe(200)
    expect(await statusOf('/health/ready')).toBe(503)
    await network.mend()
    await expectNormalSoon(address)
  }, 60_000)
})

test('a row that somebody else keeps locked costs its requests an error within 10 s, and the others nothing', async () => {
  const [locked, other] = [await verifiedPerson(app), await verifiedPerson(app)]
  const holder = new Client({ connectionString: database.url })
  await holder.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT 1 FROM users WHERE email = $1 FOR UPDATE', [locked])
  // More than the pool has connections for.
  const logins = Array.from({ length: 12 }, () =>
    timed('login', call(app.url, 'login', { email: locked, password: PASSWORD }, { headers: {} })),
  )
  const answers = await Promise.all(logins)
  for (const answer of answers) {
    expect(answer.inTime).toBe(true)
    expect(['SERVICE_UNAVAILABLE', 'RATE_LIMITED']).toContain(answer.code)
  }
  expect(answers.map(({ code }) => code)).toContain('SERVICE_UNAVAILABLE')
  await holder.query('ROLLBACK')
  await holder.end()
  await loggedIn(app, other)
}, 60_000)

test('a production server starts while its database is away, and is ready once that is there', async () => {
  const away = await TcpProxy.start(database.url)
  await away.cut()
  const early = await startTestApp({ databaseUrl: away.url, env: PRODUCTION })
  const ready = async () => (await fetch(`${early.url}/health/ready`)).status
  expect((await fetch(`${early.url}/health/live`)).status).toBe(200)
  expect(await ready()).toBe(503)
  const refused = await call(early.url, 'requestReset', { email: someone() }, { headers: BY_TLS })
  expect(refused.code).toBe('SERVICE_UNAVAILABLE')

  await away.mend()
  const started = performance.now()
  await until(async () => (await ready()) === 200)
  const newcomer = someone()
  await call(early.url, 'register', { email: newcomer, password: PASSWORD }, { headers: BY_TLS })
  await early.mail(newcomer)
  expect(performance.now() - started).toBeLessThan(LIMIT)
  await early.close()
  await away.cut()
})
