import { randomUUID } from 'node:crypto'
import { Client } from 'pg'
import { tokenOf } from '../support/app'
import { type Answer, call, me, rest } from '../support/client'
import { type TestDatabase, createDatabase } from '../support/database'
import { NEW_PASSWORD, PASSWORD, loggedIn, someone } from '../support/people'
import { type ServerProcess, startServer } from '../support/process'
import { BY_TLS, PRODUCTION } from '../support/production'
import { TestSmtpServer } from '../support/smtp'
import { TcpProxy } from '../support/tcpProxy'
import { until } from '../support/until'

/** Milliseconds: a request that is not ended, or a service that does not recover, takes minutes even on a calm machine. */
const LIMIT = 60_000

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
  ['undoEmailChange', () => ({ token: someToken() })],
  ['rejectLogin', () => ({ token: someToken() })],
  ['deleteAccount', () => ({ password: PASSWORD })],
]
const BY_REST = new Set([
  'register',
  'verifyEmail',
  'login',
  'refreshSession',
  'requestReset',
  'confirmReset',
  'logout',
])

let server: ServerProcess
let network: TcpProxy
let smtp: TestSmtpServer
let database: TestDatabase
beforeAll(async () => {
  database = await createDatabase()
  network = await TcpProxy.start(database.url)
  smtp = await new TestSmtpServer().start()
  server = await startServer({ DATABASE_URL: network.url, SMTP_URL: smtp.url, HASH_MAX_WAIT: '5s' })
})
afterAll(async () => {
  await network.mend()
  await server.process.stop()
  await network.cut()
  await smtp.stop()
  await database.drop()
})

async function verifiedPerson(): Promise<string> {
  const email = someone()
  await call(server.url, 'register', { email, password: PASSWORD })
  await call(server.url, 'verifyEmail', { token: tokenOf(await smtp.waitFor(email)) })
  return email
}

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
    timed('me', me(server.url, { token })),
    timed('me by REST', rest(server.url, 'me', undefined, { token })),
    ...CALLS.map(([name, input]) => timed(name, call(server.url, name, input(), { token }))),
    ...CALLS.filter(([name]) => BY_REST.has(name)).map(([name, input]) =>
      timed(`${name} by REST`, rest(server.url, name, input(), { token })),
    ),
  ])
}

const statusOf = async (path: string) => (await fetch(server.url + path)).status

/** Logs in, gets a mail, and is heard by the listener: service is normal. */
async function expectNormalSoon(address: string): Promise<void> {
  const started = performance.now()
  await until(async () => (await statusOf('/health/ready')) === 200)
  await until(async () => (await call(server.url, 'login', { email: address, password: PASSWORD })).code === 'SUCCESS')
  const newcomer = someone()
  await until(
    async () => (await call(server.url, 'register', { email: newcomer, password: PASSWORD })).code === 'SUCCESS',
  )
  await smtp.waitFor(newcomer)
  await until(async () =>
    (await (await fetch(`${server.url}/metrics`)).text()).includes('gatehouse_change_listener_up 1'),
  )
  expect(performance.now() - started).toBeLessThan(LIMIT)
}

describe.each([
  ['refuses connections and has cut those there were', () => network.cut()],
  [
    'has frozen',
    () => {
      network.freeze()
      return Promise.resolve()
    },
  ],
])('while the way to the database %s', (_state, breakIt) => {
  test('every operation answers SERVICE_UNAVAILABLE within 10 s, and service is normal within 10 s after it', async () => {
    const address = await verifiedPerson()
    const { tokens } = await loggedIn(server, address)
    await breakIt()
    const answers = await askEverything(tokens.accessToken)
    const refused = { code: 'SERVICE_UNAVAILABLE', status: 503, retryAfter: expect.stringMatching(/^\d+$/) as string }
    expect(answers).toEqual(answers.map(({ name }) => ({ name, ...refused, inTime: true })))
    expect(await statusOf('/health/live')).toBe(200)
    expect(await statusOf('/health/ready')).toBe(503)
    await network.mend()
    await expectNormalSoon(address)
  })
})

test('a row that somebody else keeps locked costs its requests an error within 10 s, and the others nothing', async () => {
  const [locked, other] = [await verifiedPerson(), await verifiedPerson()]
  const holder = new Client({ connectionString: database.url })
  await holder.connect()
  await holder.query('BEGIN')
  await holder.query('SELECT 1 FROM users WHERE email = $1 FOR UPDATE', [locked])
  // More than the pool has connections for.
  const logins = Array.from({ length: 12 }, () =>
    timed('login', call(server.url, 'login', { email: locked, password: PASSWORD })),
  )
  const answers = await Promise.all(logins)
  for (const answer of answers) {
    expect(answer.inTime).toBe(true)
    expect(answer.code).toBe('SERVICE_UNAVAILABLE')
  }
  await holder.query('ROLLBACK')
  await holder.end()
  await loggedIn(server, other)
})

test('a production server starts while its database is away, and is ready once that is there', async () => {
  const away = await TcpProxy.start(database.url)
  await away.cut()
  const early = await startServer({ ...PRODUCTION, DATABASE_URL: away.url, SMTP_URL: smtp.url })
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
  await smtp.waitFor(newcomer)
  expect(performance.now() - started).toBeLessThan(LIMIT)
  await early.process.stop()
  await away.cut()
})
