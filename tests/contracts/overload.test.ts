import { Client } from 'pg'
import { type TestApp, startTestApp } from '../support/app'
import { from, hashes, metric, someAddress } from '../support/budgets'
import { type Answer, DOORS, call, me, rest } from '../support/client'
import { PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { until } from '../support/until'

const WRONG = 'not that one'
const ONE_AT_A_TIME = { HASH_CONCURRENCY: '1', TRUST_PROXY: '127.0.0.1' }
const waiting = (app: TestApp) => metric(app, 'gatehouse_hash_waiting')

describe('where passwords can wait half a second', () => {
  let app: TestApp
  let owner: Awaited<ReturnType<typeof signedIn>>
  let close: () => Promise<void>
  beforeAll(async () => {
    const patient = await startTestApp({ env: ONE_AT_A_TIME })
    owner = await signedIn(patient)
    app = await startTestApp({
      env: { ...ONE_AT_A_TIME, RATE_LIMITS: 'on', BCRYPT_COST: '12', HASH_MAX_WAIT: '500ms' },
      databaseUrl: patient.databaseUrl,
      smtp: patient.smtp,
    })
    close = async () => {
      await app.close()
      await patient.close()
    }
  })
  afterAll(() => close())

  const storm = (door = call): Promise<Answer>[] =>
    Array.from({ length: 40 }, () => {
      return door(app.url, 'login', { email: someone(), password: WRONG }, from(someAddress()))
    })

  test.each(DOORS)('by %s too many logins are told at once when to come back, and cost nothing', async (_by, door) => {
    const [hashed, refused] = [await hashes(app), await metric(app, 'gatehouse_hash_refused_total')]
    const order: string[] = []
    const answers = await Promise.all(
      storm(door).map(async (login) => {
        const answer = await login
        order.push(answer.code)
        return answer
      }),
    )
    const overloaded = answers.filter(({ code }) => code === 'OVERLOADED')
    const served = answers.filter(({ code }) => code === 'INVALID_CREDENTIALS')
    expect(overloaded.length + served.length).toBe(40)
    expect(served.length).toBeGreaterThan(0)
    expect(overloaded.length).toBeGreaterThan(20)
    for (const { data, headers, status } of overloaded) {
      expect(Number(data.retryAfter)).toBeGreaterThanOrEqual(1)
      expect(headers.get('retry-after')).toBe(String(data.retryAfter))
      expect(status).toBe(door === rest ? 503 : 200)
    }
    // Whoever is refused at the door does not wait for those who are served.
    expect(order.at(-1)).toBe('INVALID_CREDENTIALS')
    const [hashedNow, refusedNow] = [await hashes(app), await metric(app, 'gatehouse_hash_refused_total')]
    expect(hashedNow - hashed).toBe(served.length)
    expect(refusedNow - refused).toBeLessThanOrEqual(overloaded.length)
    expect(refusedNow - refused).toBeGreaterThan(20)
  })

  test('me, refreshSession and health answer while hashes are refused', async () => {
    const { tokens } = await loggedIn(app, owner.email)
    let ended = false
    const refusals = async () => metric(app, 'gatehouse_hash_refused_total')
    const more = async (before: number) => until(async () => (await refusals()) > before)
    const clients = Array.from({ length: 8 }, async () => {
      while (!ended) await call(app.url, 'login', { email: someone(), password: WRONG }, from(someAddress()))
    })
    const before = await refusals()
    await more(before)
    expect((await me(app.url, { token: tokens.accessToken })).data).toMatchObject({ email: owner.email })
    const refreshed = await call(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })
    expect(refreshed.code).toBe('SUCCESS')
    for (const path of ['live', 'ready']) expect((await fetch(`${app.url}/health/${path}`)).status).toBe(200)
    // A refusal that reads the account first costs more than twice as much, and takes it from those who are served.
    const query = jest.spyOn(Client.prototype, 'query') // calls through: it only watches
    const counted = await refusals()
    await more(counted + 50)
    const reads = JSON.stringify(query.mock.calls).split('\\"users\\".\\"email\\" =').length - 1
    expect(reads).toBeLessThan(((await refusals()) - counted) / 2)
    query.mockRestore()
    ended = true
    await Promise.all(clients)
  })

  test('a check of the current password that found no turn is not counted as a guess', async () => {
    const { tokens } = await loggedIn(app, owner.email)
    const signed = { token: tokens.accessToken }
    const atOnce = async (name: string, input: unknown) => {
      const answers = Array.from({ length: 9 }, () => call(app.url, name, input, signed))
      return (await Promise.all(answers)).map(({ code }) => code)
    }
    const codes = [
      ...(await atOnce('requestEmailChange', { newEmail: someone(), password: PASSWORD })),
      ...(await atOnce('changePassword', { currentPassword: PASSWORD, newPassword: PASSWORD })),
    ]
    // More than the ten wrong passwords that an account admits in an hour.
    expect(codes.filter((code) => code === 'OVERLOADED').length).toBeGreaterThan(10)
    expect(codes).not.toContain('RATE_LIMITED')
    expect((await call(app.url, 'deleteAccount', { password: WRONG }, signed)).code).toBe('INVALID_CREDENTIALS')
  })
})

describe('where passwords can wait long', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({ env: ONE_AT_A_TIME })
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
    let served = 0
    const logins = Array.from({ length: 40 }, async () => {
      const answer = await login(someone(), greedy)
      served += 1
      return answer.status
    })
    await until(async () => (await waiting(app)) >= 30)
    const before = served
    const answer = await call(app.url, 'login', { email, password: PASSWORD }, from(someAddress()))
    expect(answer.code).toBe('SUCCESS')
    // The one that ran already, the one whose turn it was, and one whose answer overtook ours on the way.
    expect(served - before).toBeLessThanOrEqual(3)
    expect(new Set(await Promise.all(logins))).toEqual(new Set([401]))
  })

  test('the logins of a client that hangs up are dropped before they cost a hash', async () => {
    const [hashed, dropped] = [await hashes(app), await metric(app, 'gatehouse_hash_dropped_total')]
    const staying = Array.from({ length: 10 }, () => login(someone(), someAddress()))
    await until(async () => (await waiting(app)) >= 5)
    const gone = new AbortController()
    const leaving = Array.from({ length: 20 }, () => login(someone(), someAddress(), gone.signal))
    await until(async () => (await waiting(app)) >= 20)
    gone.abort()
    for (const { status } of await Promise.allSettled(leaving)) expect(status).toBe('rejected')
    await Promise.all(staying)
    await until(async () => (await waiting(app)) === 0)
    expect((await metric(app, 'gatehouse_hash_dropped_total')) - dropped).toBe(20)
    expect((await hashes(app)) - hashed).toBe(10)
  })
})

describe('where no password may wait', () => {
  let app: TestApp
  let close: () => Promise<void>
  let token: string
  beforeAll(async () => {
    const cheap = await startTestApp({ env: ONE_AT_A_TIME })
    const email = await verifiedPerson(cheap)
    await call(cheap.url, 'requestReset', { email })
    token = await cheap.mailedToken(email, /new password/)
    app = await startTestApp({
      env: { ...ONE_AT_A_TIME, BCRYPT_COST: '14', HASH_MAX_WAIT: '1ms' },
      databaseUrl: cheap.databaseUrl,
      smtp: cheap.smtp,
    })
    close = async () => {
      await app.close()
      await cheap.close()
    }
  })
  afterAll(() => close())

  test('a new password that finds no turn is refused before anything is spent on judging it', async () => {
    const hashing = call(app.url, 'login', { email: someone(), password: WRONG }, from(someAddress()))
    await until(async () => (await metric(app, 'gatehouse_hash_running')) === 1)
    const weak = 'password'
    const [registered, reset] = await Promise.all([
      call(app.url, 'register', { email: someone(), password: weak }, from(someAddress())),
      call(app.url, 'confirmReset', { token, password: weak }, from(someAddress())),
    ])
    expect([registered.code, reset.code]).toEqual(['OVERLOADED', 'OVERLOADED'])
    await hashing
    // Nothing was lost: the link still works, and the password is judged now.
    expect((await call(app.url, 'confirmReset', { token, password: weak })).code).toBe('WEAK_PASSWORD')
    expect((await call(app.url, 'confirmReset', { token, password: `${PASSWORD} anew` })).code).toBe('SUCCESS')
  })
})
