import { Client } from 'pg'
import { type TestApp, startTestApp } from '../support/app'
import { type Answer, call } from '../support/client'
import { type TestDatabase, createDatabase } from '../support/database'
import { SoftwarePasskey } from '../support/passkey'
import { PASSWORD, signedIn } from '../support/people'
import { TcpProxy } from '../support/tcpProxy'
import { challengeOf, secured } from '../support/totp'
import { until } from '../support/until'

let database: TestDatabase
let network: TcpProxy
let app: TestApp
/** Not by the network that breaks. */
let observer: Client
beforeAll(async () => {
  database = await createDatabase()
  network = await TcpProxy.start(database.url)
  app = await startTestApp({ databaseUrl: network.url, databaseTimeouts: 'production', periodic: false })
  observer = new Client({ connectionString: database.url })
  await observer.connect()
})
afterAll(async () => {
  await network.mend()
  await app.close()
  await network.cut()
  await observer.end()
  await database.drop()
})

const rowsOf = async (text: string, values: unknown[] = []) =>
  (await observer.query<Record<string, unknown>>(text, values)).rows
const sessionsOf = async (userId: string) =>
  (await rowsOf('SELECT count(*)::int AS count FROM sessions WHERE user_id = $1', [userId]))[0]?.count
const challengesOf = (userId: string | null, purpose: string) =>
  rowsOf(
    `SELECT attempts, consumed_at FROM challenges
     WHERE user_id IS NOT DISTINCT FROM $1 AND purpose = $2::challenge_purpose`,
    [userId, purpose],
  )
/** Statements and transactions of the server that the database has not ended. */
const unfinished = async (waitFor: string) =>
  (
    await rowsOf(
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
       AND state <> 'idle' AND ${waitFor}`,
    )
  )[0]?.count

type Break = () => Promise<void> | void
/** The last statement before the end of the transaction that starts a session: the proof is used by then. */
const BEFORE_THE_END = 'LOCK TABLE audit_events IN EXCLUSIVE MODE'
const ACCOUNT = 'SELECT 1 FROM users FOR UPDATE'

/** Sends a request, breaks the network while the database makes it wait for a lock, and mends all of it after the answer. */
async function interrupted(lock: string, breakIt: Break, request: () => Promise<Answer>): Promise<Answer> {
  const holder = new Client({ connectionString: database.url })
  await holder.connect()
  try {
    await holder.query('BEGIN')
    await holder.query(lock)
    const asked = request()
    await until(async () => (await unfinished("wait_event_type = 'Lock'")) === 1, 'the request waits for the lock')
    await breakIt()
    return await asked
  } finally {
    await holder.query('ROLLBACK')
    await holder.end()
    await network.mend()
    await until(async () => (await unfinished('true')) === 0, 'nothing of the request is left in the database')
    await until(async () => (await fetch(`${app.url}/health/ready`)).status === 200)
  }
}

const UNAVAILABLE = { code: 'SERVICE_UNAVAILABLE', status: 503 }
const BREAKS: [how: string, breakIt: Break][] = [
  ['is cut', () => network.cut()],
  ['freezes', () => network.freeze()],
]

describe.each(BREAKS)('the network to the database %s between the attempt and the session', (_how, breakIt) => {
  test.each([
    ['before the proof is compared', ACCOUNT],
    ['after the proof was used', BEFORE_THE_END],
  ])('%s: 503 and no session; the attempt counts, and the code counts once afterwards', async (_when, lock) => {
    const { email, user, authenticator } = await secured(app)
    const challenge = await challengeOf(app, email, PASSWORD)
    const code = authenticator.nextCode()
    const verify = () => call(app.url, 'verifySecondFactor', { challenge, totp: code })
    const before = await sessionsOf(user.id)

    const answer = await interrupted(lock, breakIt, verify)
    expect(answer).toMatchObject(UNAVAILABLE)
    expect(answer.headers.get('retry-after')).toMatch(/^\d+$/)
    expect(answer.text).not.toMatch(/accessToken|refreshToken/)
    expect(await sessionsOf(user.id)).toBe(before)
    expect(await challengesOf(user.id, 'SECOND_FACTOR')).toEqual([{ attempts: 1, consumed_at: null }])

    expect((await verify()).code).toBe('SUCCESS')
    expect((await verify()).code).toBe('INVALID_TOKEN')
    const another = await challengeOf(app, email, PASSWORD)
    const again = await call(app.url, 'verifySecondFactor', { challenge: another, totp: code })
    expect(again.code).toBe('INVALID_CREDENTIALS')
    expect(await sessionsOf(user.id)).toBe(Number(before) + 1)
  })

  test('an interrupted attempt is none of the five for free: a wrong code has four left', async () => {
    const { email, authenticator } = await secured(app)
    const challenge = await challengeOf(app, email, PASSWORD)
    const guess = () => call(app.url, 'verifySecondFactor', { challenge, totp: authenticator.wrongCode() })
    expect(await interrupted(BEFORE_THE_END, breakIt, guess)).toMatchObject(UNAVAILABLE)
    const codes: string[] = []
    for (let index = 0; index < 5; index += 1) codes.push((await guess()).code)
    expect(codes).toEqual([...Array<string>(4).fill('INVALID_CREDENTIALS'), 'INVALID_TOKEN'])
  })

  test('a login by passkey: 503 and no session; its challenge is used, its passkey is not', async () => {
    const person = await signedIn(app)
    const { accessToken: token } = person.tokens
    interface Started {
      challenge: string
      options: Record<string, unknown>
    }
    const start = async (name: string) => (await call(app.url, name, undefined, { token })).data as unknown as Started
    const registration = await start('startPasskeyRegistration')
    const passkey = new SoftwarePasskey(app.config.publicUrl)
    const response = passkey.create(registration.options)
    await call(app.url, 'registerPasskey', { challenge: registration.challenge, response }, { token })
    const before = await sessionsOf(person.user.id)

    const { challenge, options } = await start('startPasskeyLogin')
    const input = { challenge, response: passkey.get(options) }
    const logIn = () => call(app.url, 'loginWithPasskey', input)
    expect(await interrupted(BEFORE_THE_END, breakIt, logIn)).toMatchObject(UNAVAILABLE)
    expect(await sessionsOf(person.user.id)).toBe(before)
    expect((await logIn()).code).toBe('INVALID_TOKEN')
    const next = await start('startPasskeyLogin')
    const retried = await call(app.url, 'loginWithPasskey', {
      ...{ challenge: next.challenge, response: passkey.get(next.options) },
    })
    expect(retried.code).toBe('SUCCESS')
    expect(await sessionsOf(person.user.id)).toBe(Number(before) + 1)
  })
})
