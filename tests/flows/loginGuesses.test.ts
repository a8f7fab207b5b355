import { purgeExpired } from '../../src/services/purgeExpired'
import { type TestApp, startTestApp } from '../support/app'
import { from, someAddress } from '../support/budgets'
import { call } from '../support/client'
import { NEW_PASSWORD, PASSWORD, someone, verifiedPerson } from '../support/people'

const DAY = 86_400_000
const ENV = { TRUST_PROXY: '127.0.0.1' }
let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ env: ENV })
})
afterAll(() => app.close())

const pool = () => app.app.deps.database.pool

interface Given {
  email: string
  password?: string
  ip?: string
  cookie?: string
  server?: TestApp
}

async function login({ email, password = 'a wrong one', ip = someAddress(), cookie, server = app }: Given) {
  const { headers } = from(ip)
  const sent = cookie === undefined ? headers : { ...headers, cookie: `gatehouse_refresh=${cookie}` }
  return call(server.url, 'login', { email, password }, { headers: sent })
}

/** Fails so many logins of an address, each from an address of its own. */
async function fail(email: string, times: number): Promise<void> {
  for (let made = 0; made < times; made += 1) expect((await login({ email })).code).toBe('INVALID_CREDENTIALS')
}

/** Adds failures to those that an address has: a hundred logins by HTTP tell no more than a few. */
async function addFailures(email: string, times: number): Promise<void> {
  await fail(email, 1)
  await pool().query(
    'UPDATE login_failures SET failures = failures + $1 WHERE last_failed_at = (SELECT max(last_failed_at) FROM login_failures)',
    [times - 1],
  )
}

async function knownPerson(): Promise<{ email: string; home: string }> {
  const [email, home] = [await verifiedPerson(app), someAddress()]
  expect((await login({ email, password: PASSWORD, ip: home })).code).toBe('SUCCESS')
  return { email, home }
}

test.each([
  ['an account', () => verifiedPerson(app)],
  ['an address without one', () => Promise.resolve(someone())],
])('of 140 wrong logins at once from as many addresses at %s a hundred are compared', async (_what, make) => {
  const email = await make()
  const answers = await Promise.all(Array.from({ length: 140 }, () => login({ email })))
  expect(answers.filter(({ code }) => code === 'INVALID_CREDENTIALS')).toHaveLength(100)
  const refused = answers.filter(({ code }) => code === 'RATE_LIMITED')
  expect(refused).toHaveLength(40)
  for (const { data, headers } of refused) {
    expect(Number(data.retryAfter)).toBeGreaterThan(86_000)
    expect(Number(data.retryAfter)).toBeLessThanOrEqual(86_400)
    expect(headers.get('retry-after')).toBe(String(data.retryAfter))
  }
})

test('the right password from an unknown network is refused then; from one that the account has used it is not', async () => {
  const { email, home } = await knownPerson()
  await addFailures(email, 100)
  expect((await login({ email, password: PASSWORD })).code).toBe('RATE_LIMITED')
  expect((await login({ email, ip: home })).code).toBe('INVALID_CREDENTIALS')
  expect((await login({ email, password: PASSWORD, ip: home })).code).toBe('SUCCESS')
  // A success ends it for everybody.
  expect((await login({ email, password: PASSWORD })).code).toBe('SUCCESS')
})

test('an IPv6 device is known by its /64', async () => {
  const email = await verifiedPerson(app)
  await login({ email, password: PASSWORD, ip: '2001:db8:11:22::1' })
  await addFailures(email, 100)
  expect((await login({ email, password: PASSWORD, ip: '2001:db8:11:23::1' })).code).toBe('RATE_LIMITED')
  expect((await login({ email, password: PASSWORD, ip: '2001:db8:11:22:ffff::2' })).code).toBe('SUCCESS')
})

test('a device is known by the cookie of a live session of that account, and of no other', async () => {
  const [owner, other] = [await knownPerson(), await knownPerson()]
  const token = async ({ email, home }: { email: string; home: string }) => {
    const { data } = await login({ email, password: PASSWORD, ip: home })
    return (data as { tokens: { refreshToken: string } }).tokens.refreshToken
  }
  const [cookie, foreign] = [await token(owner), await token(other)]
  await addFailures(owner.email, 100)
  const right = { email: owner.email, password: PASSWORD }
  expect((await login({ ...right, cookie: foreign })).code).toBe('RATE_LIMITED')
  expect((await login({ ...right, cookie })).code).toBe('SUCCESS')
})

test('a reset lets anybody try again', async () => {
  const { email } = await knownPerson()
  await addFailures(email, 100)
  await call(app.url, 'requestReset', { email })
  const reset = { token: await app.mailedToken(email, /new password/), password: NEW_PASSWORD }
  expect((await call(app.url, 'confirmReset', reset)).code).toBe('SUCCESS')
  expect((await login({ email, password: NEW_PASSWORD })).code).toBe('SUCCESS')
})

test('a day after the last failure anybody may try again', async () => {
  const { email } = await knownPerson()
  await addFailures(email, 100)
  const pass = (milliseconds: number) =>
    pool().query("UPDATE login_failures SET last_failed_at = last_failed_at - $1 * interval '1 ms'", [milliseconds])
  await pass(DAY - 60_000)
  expect((await login({ email, password: PASSWORD })).code).toBe('RATE_LIMITED')
  await pass(60_000)
  await fail(email, 1)
  expect((await login({ email, password: PASSWORD })).code).toBe('SUCCESS')
})

test('the purge deletes failures of more than a day ago, and no other', async () => {
  const [old, recent] = [someone(), someone()]
  await fail(old, 1)
  await pool().query("UPDATE login_failures SET last_failed_at = last_failed_at - $1 * interval '1 ms'", [DAY])
  await fail(recent, 1)
  await purgeExpired(app.app.deps)
  expect((await pool().query('SELECT failures FROM login_failures')).rows).toEqual([{ failures: 1 }])
})

test('failures are counted in a row: a success begins anew', async () => {
  const { email, home } = await knownPerson()
  await addFailures(email, 99)
  expect((await login({ email, password: PASSWORD, ip: home })).code).toBe('SUCCESS')
  await fail(email, 3)
})

test("the password of a stranger's own registration renews no guesses", async () => {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD })
  await addFailures(email, 99)
  const noted = app.log.length
  expect((await login({ email, password: PASSWORD })).code).toBe('EMAIL_NOT_VERIFIED')
  expect(app.log.slice(noted).filter(({ event }) => event === 'login_unverified')).toHaveLength(1)
  expect((await login({ email })).code).toBe('RATE_LIMITED')
})

test('it holds on every instance and after a restart, and the table survives a crash', async () => {
  const { email } = await knownPerson()
  await addFailures(email, 100)
  const another = await startTestApp({ env: ENV, databaseUrl: app.databaseUrl, smtp: app.smtp })
  expect((await login({ email, password: PASSWORD, server: another })).code).toBe('RATE_LIMITED')
  await another.close()
  const { rows } = await pool().query("SELECT relpersistence AS kind FROM pg_class WHERE relname = 'login_failures'")
  expect(rows).toEqual([{ kind: 'p' }])
})

test('every spelling of an address is one account', async () => {
  const email = `bob.${someone()}`
  await addFailures(email, 100)
  expect((await login({ email: ` ${email.toUpperCase()} ` })).code).toBe('RATE_LIMITED')
})
