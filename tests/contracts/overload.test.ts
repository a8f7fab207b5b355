import bcrypt from 'bcrypt'
import { type TestApp, startTestApp } from '../support/app'
import { HASHES_OF_A_FAILED_LOGIN, from, hashes, metric, someAddress } from '../support/budgets'
import { DOORS, call, me, rest } from '../support/client'
import { PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { statementsDuring } from '../support/statements'
import { until } from '../support/until'

const WRONG = 'not that one'
const ONE_AT_A_TIME = { HASH_CONCURRENCY: '1', TRUST_PROXY: '127.0.0.1' }
const waiting = (app: TestApp) => metric(app, 'gatehouse_hash_waiting')
const refused = (app: TestApp) => metric(app, 'gatehouse_hash_refused_total')

interface HeldHashes {
  /** The passwords that were compared so far, oldest first. */
  compared: string[]
  release: () => void
}

/** bcrypt without its callbacks. */
const hashing: { compare(data: string | Buffer, encrypted: string): Promise<boolean> } = bcrypt
const compare = hashing.compare.bind(bcrypt)
let release = (): void => undefined
afterEach(() => {
  release() // also where a test failed before it did: a server that closes waits for its hashes
  jest.restoreAllMocks()
})

/** Comparisons begin, and end after `release` only: a test decides how long a hash takes, not the speed of the machine. */
function holdHashes(): HeldHashes {
  const compared: string[] = []
  const released = new Promise<void>((resolve) => (release = resolve))
  const compareHeld = async (data: string | Buffer, encrypted: string) => {
    compared.push(data.toString())
    await released
    return compare(data, encrypted)
  }
  jest.spyOn(hashing, 'compare').mockImplementation(compareHeld)
  return { compared, release }
}

/** Holds hashes, and occupies the one that may run with a login. */
async function occupyHashes(app: TestApp) {
  const held = holdHashes()
  const login = call(app.url, 'login', { email: someone(), password: WRONG }, from(someAddress()))
  await until(() => held.compared.length === 1)
  return { ...held, login }
}

describe('where no password may wait', () => {
  let app: TestApp
  let owner: Awaited<ReturnType<typeof signedIn>>
  beforeAll(async () => {
    app = await startTestApp({ env: { ...ONE_AT_A_TIME, RATE_LIMITS: 'on', HASH_MAX_WAIT: '1ms' } })
    owner = await signedIn(app)
  })
  afterAll(() => app.close())

  test.each(DOORS)('by %s too many logins are told at once when to come back, and cost nothing', async (_by, door) => {
    const [hashedBefore, refusedBefore] = [await hashes(app), await refused(app)]
    const occupied = await occupyHashes(app)
    const logins = Array.from({ length: 40 }, () =>
      door(app.url, 'login', { email: someone(), password: WRONG }, from(someAddress())),
    )
    // They are answered while the one that runs goes on.
    for (const { code, data, headers, status } of await Promise.all(logins)) {
      expect(code).toBe('OVERLOADED')
      expect(Number(data.retryAfter)).toBeGreaterThanOrEqual(1)
      expect(headers.get('retry-after')).toBe(String(data.retryAfter))
      expect(status).toBe(door === rest ? 503 : 200)
    }
    occupied.release()
    expect((await occupied.login).code).toBe('INVALID_CREDENTIALS')
    expect((await hashes(app)) - hashedBefore).toBe(HASHES_OF_A_FAILED_LOGIN)
    expect((await refused(app)) - refusedBefore).toBe(40)
  })

  test('me, refreshSession and health answer while hashes are refused, and a refusal reads no account', async () => {
    const { tokens } = await loggedIn(app, owner.email)
    const ended = new AbortController()
    const refuseUntilEnded = async () => {
      while (!ended.signal.aborted)
        await call(app.url, 'login', { email: someone(), password: WRONG }, from(someAddress()))
    }
    let occupied = Promise.resolve<unknown>(null)
    const statements = await statementsDuring(async () => {
      occupied = (await occupyHashes(app)).login
      const clients = Array.from({ length: 8 }, refuseUntilEnded)
      const before = await refused(app)
      await until(async () => (await refused(app)) > before)
      expect((await me(app.url, { token: tokens.accessToken })).data).toMatchObject({ email: owner.email })
      const refreshed = await call(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })
      expect(refreshed.code).toBe('SUCCESS')
      for (const path of ['live', 'ready']) expect((await fetch(`${app.url}/health/${path}`)).status).toBe(200)
      await until(async () => (await refused(app)) > before + 50)
      ended.abort()
      await Promise.all(clients)
    }).finally(() => ended.abort())
    // Reading the account first would cost more than twice as much, and take it from those who are served.
    expect(statements.filter((text) => text.includes('LEFT JOIN users ON email ='))).toHaveLength(1) // of the one that runs
    release()
    await occupied
  })

  test('a check of the current password that found no place is not counted as a guess', async () => {
    const { tokens } = await loggedIn(app, owner.email)
    const signed = { token: tokens.accessToken }
    // One of each nine may run: of the others some come too late, and some find that out after they were counted.
    const atOnce = async (name: string, input: unknown) => {
      const { release } = holdHashes()
      const codes: string[] = []
      const answers = Array.from({ length: 9 }, async () => {
        codes.push((await call(app.url, name, input, signed)).code)
      })
      await until(() => codes.length === 8)
      const refusals = [...codes]
      release()
      await Promise.all(answers)
      return refusals
    }
    const codes = [
      ...(await atOnce('requestEmailChange', { newEmail: someone(), password: PASSWORD })),
      ...(await atOnce('changePassword', { currentPassword: PASSWORD, newPassword: PASSWORD })),
    ]
    // More than the ten wrong passwords that an account admits in an hour.
    expect(codes).toEqual(Array.from({ length: 16 }, () => 'OVERLOADED'))
    expect((await call(app.url, 'deleteAccount', { password: WRONG }, signed)).code).toBe('INVALID_CREDENTIALS')
  })

  test('a new password that finds no place is refused before anything is spent on judging it', async () => {
    const email = await verifiedPerson(app)
    await call(app.url, 'requestReset', { email })
    const token = await app.mailedToken(email, /new password/)
    const occupied = await occupyHashes(app)
    const weak = 'password'
    const [registered, reset] = await Promise.all([
      call(app.url, 'register', { email: someone(), password: weak }, from(someAddress())),
      call(app.url, 'confirmReset', { token, password: weak }, from(someAddress())),
    ])
    expect([registered.code, reset.code]).toEqual(['OVERLOADED', 'OVERLOADED'])
    occupied.release()
    await occupied.login
    // Nothing was lost: the link still works, and the password is judged now.
    expect((await call(app.url, 'confirmReset', { token, password: weak })).code).toBe('WEAK_PASSWORD')
    expect((await call(app.url, 'confirmReset', { token, password: `${PASSWORD} anew` })).code).toBe('SUCCESS')
  })
})

describe('where passwords can wait long', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({ env: { ...ONE_AT_A_TIME, HASH_MAX_WAIT: '10m' } })
  })
  afterAll(() => app.close())

  const login = (email: string, address: string, signal?: AbortSignal) =>
    fetch(`${app.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...from(address).headers },
      body: JSON.stringify({ email, password: WRONG }),
      ...(signal ? { signal } : {}),
    })

  test('one client with many logins delays the login of another by a round at most', async () => {
    const email = await verifiedPerson(app)
    const greedy = someAddress()
    const occupied = await occupyHashes(app)
    const logins = Array.from({ length: 40 }, async () => (await login(someone(), greedy)).status)
    await until(async () => (await waiting(app)) === 40)
    const answer = call(app.url, 'login', { email, password: PASSWORD }, from(someAddress()))
    await until(async () => (await waiting(app)) === 41)
    occupied.release()
    expect((await answer).code).toBe('SUCCESS')
    // The login that ran already, and one of the greedy client.
    expect(occupied.compared).toContain(PASSWORD)
    expect(occupied.compared.indexOf(PASSWORD)).toBeLessThanOrEqual(2 * HASHES_OF_A_FAILED_LOGIN)
    expect(new Set(await Promise.all(logins))).toEqual(new Set([401]))
  })

  test('the logins of a client that hangs up are dropped before they cost a hash', async () => {
    const dropped = () => metric(app, 'gatehouse_hash_dropped_total')
    const [hashedBefore, droppedBefore] = [await hashes(app), await dropped()]
    const occupied = await occupyHashes(app)
    const staying = Array.from({ length: 9 }, () => login(someone(), someAddress()))
    const gone = new AbortController()
    const leaving = Array.from({ length: 20 }, () => login(someone(), someAddress(), gone.signal))
    await until(async () => (await waiting(app)) === 29)
    gone.abort()
    for (const { status } of await Promise.allSettled(leaving)) expect(status).toBe('rejected')
    await until(async () => (await dropped()) - droppedBefore === 20)
    occupied.release()
    await Promise.all([occupied.login, ...staying])
    expect((await dropped()) - droppedBefore).toBe(20)
    expect((await hashes(app)) - hashedBefore).toBe(10 * HASHES_OF_A_FAILED_LOGIN)
  })
})
