import { type TestApp, startTestApp } from '../support/app'
import { eventually, from, hashes, someAddress } from '../support/budgets'
import { type Answer, type Door, DOORS, call, post, rest } from '../support/client'
import { NEW_PASSWORD, PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { startRedis } from '../support/redis'

const BUDGETS_ON = { RATE_LIMITS: 'on', TRUST_PROXY: '127.0.0.1' }
const NO_TOKEN = 'A'.repeat(43)
const HOUR = 3_600
const QUARTER = 900

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ env: BUDGETS_ON })
})
afterAll(() => app.close())
afterEach(() => jest.restoreAllMocks())

type Part = 'IP' | 'EMAIL' | 'USER'
interface Row {
  name: string
  max: number
  /** Seconds. */
  window: number
  per: Part[]
  /** An input that is refused by the operation itself before a password is hashed, where there is such a one. */
  cheap: (email: string) => unknown
  /** An input that would cost a hash, or send a mail. */
  dear: (email: string) => unknown
}

const token = () => ({ token: NO_TOKEN })
const address = (email: string) => ({ email })
const changed = (newPassword: string) => ({ currentPassword: PASSWORD, newPassword })

const ROWS: Row[] = [
  {
    ...{ name: 'register', max: 10, window: HOUR, per: ['IP'] },
    cheap: (email) => ({ email, password: 'short' }),
    dear: (email) => ({ email, password: PASSWORD }),
  },
  { name: 'resendVerification', max: 5, window: HOUR, per: ['EMAIL'], cheap: address, dear: address },
  { name: 'resendVerification', max: 20, window: HOUR, per: ['IP'], cheap: address, dear: address },
  { name: 'verifyEmail', max: 30, window: QUARTER, per: ['IP'], cheap: token, dear: token },
  { name: 'confirmEmailChange', max: 30, window: QUARTER, per: ['IP'], cheap: token, dear: token },
  {
    ...{ name: 'login', max: 10, window: QUARTER, per: ['IP', 'EMAIL'] },
    cheap: (email) => ({ email, password: '' }),
    dear: (email) => ({ email, password: PASSWORD }),
  },
  {
    ...{ name: 'login', max: 100, window: QUARTER, per: ['IP'] },
    cheap: (email) => ({ email, password: '' }),
    dear: (email) => ({ email, password: PASSWORD }),
  },
  {
    ...{ name: 'refreshSession', max: 60, window: 60, per: ['IP'] },
    cheap: () => ({ refreshToken: NO_TOKEN }),
    dear: () => ({ refreshToken: NO_TOKEN }),
  },
  { name: 'requestReset', max: 5, window: HOUR, per: ['EMAIL'], cheap: address, dear: address },
  { name: 'requestReset', max: 20, window: HOUR, per: ['IP'], cheap: address, dear: address },
  {
    ...{ name: 'confirmReset', max: 20, window: QUARTER, per: ['IP'] },
    cheap: () => ({ token: NO_TOKEN, password: PASSWORD }),
    dear: () => ({ token: NO_TOKEN, password: PASSWORD }),
  },
  {
    ...{ name: 'changePassword', max: 10, window: HOUR, per: ['USER'] },
    cheap: () => changed('short'),
    dear: () => changed(NEW_PASSWORD),
  },
  {
    ...{ name: 'requestEmailChange', max: 10, window: HOUR, per: ['USER'] },
    cheap: () => ({ newEmail: 'no address', password: PASSWORD }),
    dear: (newEmail) => ({ newEmail, password: PASSWORD }),
  },
  {
    ...{ name: 'deleteAccount', max: 10, window: HOUR, per: ['USER'] },
    cheap: () => ({ password: 'a wrong one' }),
    dear: () => ({ password: PASSWORD }),
  },
]

/** Calls whose budget has these parts in common; `other` names the parts of a caller that shares none of them. */
async function callerOf({ per, name }: Row, door: Door) {
  const [ip, email] = [someAddress(), someone()]
  const user = per.includes('USER') ? (await signedIn(app)).tokens.accessToken : undefined
  return (input: Row['cheap'], other = false): Promise<Answer> => {
    const address = per.includes('IP') && !other ? ip : someAddress()
    const addressee = per.includes('EMAIL') && !other ? email : someone()
    return door(app.url, name, input(addressee), { ...from(address), ...(user === undefined ? {} : { token: user }) })
  }
}

const BY_REST = new Set(['register', 'verifyEmail', 'login', 'refreshSession', 'requestReset', 'confirmReset'])
const CASES = DOORS.flatMap(([by, door]) =>
  ROWS.filter(({ name }) => door !== rest || BY_REST.has(name)).map((row) => ({ by, door, row, ...row })),
)

test.each(CASES)(
  '$name by $by: $max calls in $window s per $per, the next one costs no hash',
  async ({ door, row }) => {
    const call = await callerOf(row, door)
    for (let made = 0; made < row.max; made += 1) expect((await call(row.cheap)).code).not.toBe('RATE_LIMITED')

    const before = await hashes(app)
    const refused = await call(row.dear)
    expect(refused.code).toBe('RATE_LIMITED')
    const retryAfter = Number(refused.data.retryAfter)
    expect(retryAfter).toBeGreaterThan(row.window - 40)
    expect(retryAfter).toBeLessThanOrEqual(row.window)
    expect(refused.headers.get('retry-after')).toBe(String(retryAfter))
    expect(refused.status).toBe(door === rest ? 429 : 200)
    expect(await hashes(app)).toBe(before)

    if (!row.per.includes('USER')) expect((await call(row.cheap, true)).code).not.toBe('RATE_LIMITED')
  },
)

test('both doors take from one budget', async () => {
  const caller = from(someAddress())
  for (let made = 0; made < 30; made += 1) await (made % 2 ? call : rest)(app.url, 'verifyEmail', token(), caller)
  for (const [, door] of DOORS) expect((await door(app.url, 'verifyEmail', token(), caller)).code).toBe('RATE_LIMITED')
})

test('every spelling of an address takes from one budget', async () => {
  const spellings = [
    'Bob@bücher.example',
    'bob@BÜCHER.example',
    ' BOB@xn--bcher-kva.example ',
    'bob@xn--Bcher-kva.EXAMPLE',
  ]
  for (let made = 0; made < 5; made += 1) {
    await call(app.url, 'requestReset', { email: spellings[made % 4] }, from(someAddress()))
  }
  for (const email of spellings) {
    expect((await call(app.url, 'requestReset', { email }, from(someAddress()))).code).toBe('RATE_LIMITED')
  }
  const tagged = await call(app.url, 'requestReset', { email: 'bob+tag@bücher.example' }, from(someAddress()))
  expect(tagged.code).toBe('SUCCESS')
})

test('an IPv6 client is its /64, and an IPv4 address mapped into IPv6 is that IPv4 address', async () => {
  const verify = async (ip: string) => (await call(app.url, 'verifyEmail', token(), from(ip))).code
  for (let made = 0; made < 30; made += 1) await verify(`2001:db8:7:7:${(made * 977).toString(16)}::${made}`)
  expect(await verify('2001:0DB8:7:7:ffff:ffff:ffff:ffff')).toBe('RATE_LIMITED')
  expect(await verify('2001:db8:7:8::1')).toBe('INVALID_TOKEN')

  const mapped = someAddress()
  for (let made = 0; made < 30; made += 1) await verify(made % 2 ? mapped : `::ffff:${mapped}`)
  expect(await verify(mapped)).toBe('RATE_LIMITED')
  expect(await verify(`::ffff:${someAddress()}`)).toBe('INVALID_TOKEN')
})

test('a client that no proxy speaks for is its socket, whatever its headers say', async () => {
  const direct = await startTestApp({ env: { RATE_LIMITS: 'on' } })
  const invented = () => {
    const ip = someAddress()
    const names = ['x-forwarded-for', 'x-real-ip', 'cf-connecting-ip', 'true-client-ip']
    return { headers: { ...Object.fromEntries(names.map((name) => [name, ip])), forwarded: `for=${ip}` } }
  }
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => call(direct.url, 'verifyEmail', token(), invented())),
  )
  expect(answers.filter(({ code }) => code === 'INVALID_TOKEN')).toHaveLength(30)
  await direct.close()
})

test('of a chain of hops the right-most that is no proxy of ours is the client', async () => {
  const client = someAddress()
  const verify = () => call(app.url, 'verifyEmail', token(), from(`${someAddress()}, ${client}`))
  for (let made = 0; made < 30; made += 1) await verify()
  expect((await verify()).code).toBe('RATE_LIMITED')
})

test('whoever guesses at an account locks out nobody but themselves', async () => {
  const email = await verifiedPerson(app)
  const attacker = from(someAddress())
  for (let made = 0; made < 10; made += 1) {
    await call(app.url, 'login', { email, password: `guess ${made}` }, attacker)
  }
  expect((await call(app.url, 'login', { email, password: PASSWORD }, attacker)).code).toBe('RATE_LIMITED')
  expect((await call(app.url, 'login', { email: someone(), password: PASSWORD }, attacker)).code).toBe(
    'INVALID_CREDENTIALS',
  )
  expect((await call(app.url, 'login', { email, password: PASSWORD }, from(someAddress()))).code).toBe('SUCCESS')
})

test('all checks of the current password share one counter of wrong ones, wrong logins among them', async () => {
  const { email, tokens } = await signedIn(app)
  const signed = { token: tokens.accessToken }
  for (let made = 0; made < 3; made += 1) {
    const wrong = { password: `guess ${made}` }
    await call(app.url, 'login', { email, ...wrong }, from(someAddress()))
    await call(app.url, 'deleteAccount', wrong, signed)
    await call(app.url, 'requestEmailChange', { newEmail: someone(), ...wrong }, signed)
  }
  const tenth = { currentPassword: 'guess 10', newPassword: NEW_PASSWORD }
  expect((await call(app.url, 'changePassword', tenth, signed)).code).toBe('INVALID_CREDENTIALS')

  const before = await hashes(app)
  expect((await call(app.url, 'changePassword', changed(NEW_PASSWORD), signed)).code).toBe('RATE_LIMITED')
  expect((await call(app.url, 'deleteAccount', { password: PASSWORD }, signed)).code).toBe('RATE_LIMITED')
  expect(await hashes(app)).toBe(before)

  await loggedIn(app, email) // the owner knows the password: what was guessed before no longer matters
  expect((await call(app.url, 'changePassword', changed(NEW_PASSWORD), signed)).code).toBe('SUCCESS')
})

test('right passwords are not counted as guesses', async () => {
  const { tokens } = await signedIn(app)
  const signed = { token: tokens.accessToken }
  for (let made = 0; made < 6; made += 1) {
    await call(app.url, 'requestEmailChange', { newEmail: someone(), password: PASSWORD }, signed)
    const unchanged = { currentPassword: PASSWORD, newPassword: PASSWORD }
    expect((await call(app.url, 'changePassword', unchanged, signed)).code).toBe('INVALID_INPUT')
  }
})

test('a document with two logins runs neither', async () => {
  const caller = from(someAddress())
  const one = (name: string) => `${name}: login(input: { email: "a@example.org", password: "x" }) { __typename }`
  const before = await hashes(app)
  const answer = await post(app.url, { query: `mutation { ${one('a')} ${one('b')} }` }, caller)
  expect(answer.status).toBe(400)
  expect(await hashes(app)).toBe(before)
})

test('a window ends all at once, and not before', async () => {
  const [email, caller] = [someone(), from(someAddress())]
  const login = async () => (await call(app.url, 'login', { email, password: '' }, caller)).code
  for (let made = 0; made < 11; made += 1) await login()
  const now = Date.now.bind(Date)
  const spy = jest.spyOn(Date, 'now').mockImplementation(() => now() + (QUARTER - 20) * 1_000)
  expect(await login()).toBe('RATE_LIMITED')
  spy.mockImplementation(() => now() + QUARTER * 1_000)
  for (let made = 0; made < 10; made += 1) expect(await login()).toBe('INVALID_INPUT')
  expect(await login()).toBe('RATE_LIMITED')
})

test('a restarted instance goes on from what was counted, until the stored window is over', async () => {
  const [email, caller] = [someone(), from(someAddress())]
  const reset = async ({ url }: TestApp) => (await call(url, 'requestReset', { email }, caller)).code
  for (let made = 0; made < 5; made += 1) expect(await reset(app)).toBe('SUCCESS')

  const shared = { env: BUDGETS_ON, databaseUrl: app.databaseUrl, smtp: app.smtp }
  const restarted = await startTestApp(shared)
  expect(await reset(restarted)).toBe('RATE_LIMITED')
  await restarted.close()

  await app.app.deps.database.pool.query('UPDATE rate_limit_counters SET expire = $1', [Date.now()])
  const later = await startTestApp(shared)
  expect(await reset(later)).toBe('SUCCESS')
  await later.close()
})

test('the counters hold no address and no id in clear', async () => {
  const email = someone()
  await call(app.url, 'login', { email, password: '' }, from(someAddress()))
  const { rows } = await app.app.deps.database.pool.query<{ key: string }>('SELECT key FROM rate_limit_counters')
  expect(rows.length).toBeGreaterThan(0)
  for (const { key } of rows) expect(key).toMatch(/^[\w-]{43}$/)
})

// Counting after the check would let all hundred through: each would find the counter below its limit.
test.each([1, 2])('100 wrong logins at once on one account cost 10 hashes, on %d instance(s)', async (count) => {
  const shared = { env: BUDGETS_ON, databaseUrl: app.databaseUrl, smtp: app.smtp }
  const instances = count === 1 ? [app] : [app, await startTestApp(shared)]
  const email = await verifiedPerson(app)
  const caller = from(someAddress())
  const sum = async () => (await Promise.all(instances.map(hashes))).reduce((all, one) => all + one, 0)
  const before = await sum()
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) => {
      const instance = instances[index % count] ?? app
      return call(instance.url, 'login', { email, password: `guess ${index}` }, caller)
    }),
  )
  expect(answers.filter(({ code }) => code === 'INVALID_CREDENTIALS')).toHaveLength(10)
  expect(answers.filter(({ code }) => code === 'RATE_LIMITED')).toHaveLength(90)
  expect(await sum()).toBe(before + 10)
  for (const instance of instances) if (instance !== app) await instance.close()
})

test('with Redis budgets hold while it dies under traffic and comes back, and no request fails', async () => {
  const redis = await startRedis()
  const counted = await startTestApp({ env: { ...BUDGETS_ON, REDIS_URL: redis.url } })
  const caller = from(someAddress())
  const stored = async () => {
    const { rows } = await counted.app.deps.database.pool.query('SELECT 1 FROM rate_limit_counters')
    return rows.length
  }
  await eventually(async () => {
    const before = await stored()
    await call(counted.url, 'verifyEmail', token(), from(someAddress()))
    return (await stored()) === before // counted in Redis by now
  })
  const burst = (count: number) =>
    Array.from({ length: count }, () => call(counted.url, 'verifyEmail', token(), caller).then(({ code }) => code))
  const said = (message: RegExp) => () => Promise.resolve(counted.log.some(({ msg }) => message.test(String(msg))))

  const codes = await Promise.all(burst(10))
  const underTraffic = burst(10)
  await redis.kill()
  codes.push(...(await Promise.all([...underTraffic, ...burst(5)])))
  await redis.start()
  await eventually(async () => {
    await call(counted.url, 'verifyEmail', token(), from(someAddress()))
    return said(/Redis is back/)()
  })
  codes.push(...(await Promise.all(burst(25))))

  expect(codes.filter((code) => code === 'INVALID_TOKEN')).toHaveLength(30)
  expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(20)
  await counted.close()
  await redis.stop()
})
