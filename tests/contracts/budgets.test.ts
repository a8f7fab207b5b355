import { randomUUID } from 'node:crypto'
import { type TestApp, startTestApp } from '../support/app'
import { HASHES_OF_A_FAILED_LOGIN, from, hashes, someAddress } from '../support/budgets'
import { type Answer, type Door, DOORS, call, post, rest } from '../support/client'
import { NEW_PASSWORD, PASSWORD, signedIn, someone, verifiedPerson } from '../support/people'
import { startRedis } from '../support/redis'
import { statementsDuring } from '../support/statements'
import { until } from '../support/until'

/** The numbers of production: those of development are tenfold. */
const BUDGETS_ON = { RATE_LIMITS: 'on', NODE_ENV: 'test', TRUST_PROXY: '127.0.0.1' }
const NO_TOKEN = 'A'.repeat(43)
const HOUR = 3_600
const QUARTER = 900

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ env: BUDGETS_ON, periodic: false })
})
afterAll(() => app.close())
afterEach(() => jest.restoreAllMocks())

const database = () => app.app.deps.database.pool

/** Moves the clock of the instance and the ends of the stored windows, as if so many milliseconds had passed. */
async function pass(milliseconds: number): Promise<void> {
  app.clock.pass(milliseconds)
  await database().query('UPDATE rate_limit_counters SET expire = expire - $1::bigint', [milliseconds])
}

type Part = 'IP' | 'EMAIL' | 'USER' | 'SESSION'
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

const always = (input: unknown) => ({ cheap: () => input, dear: () => input })

const ROWS: Row[] = [
  {
    ...{ name: 'register', max: 10, window: HOUR, per: ['IP'] },
    cheap: (email) => ({ email, password: 'short' }),
    dear: (email) => ({ email, password: PASSWORD }),
  },
  { name: 'resendVerification', max: 5, window: HOUR, per: ['IP', 'EMAIL'], cheap: address, dear: address },
  { name: 'resendVerification', max: 20, window: HOUR, per: ['IP'], cheap: address, dear: address },
  { name: 'verifyEmail', max: 30, window: QUARTER, per: ['IP'], cheap: token, dear: token },
  { name: 'confirmEmailChange', max: 30, window: QUARTER, per: ['IP'], cheap: token, dear: token },
  { name: 'undoEmailChange', max: 30, window: QUARTER, per: ['IP'], cheap: token, dear: token },
  { name: 'rejectLogin', max: 30, window: QUARTER, per: ['IP'], cheap: token, dear: token },
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
  { name: 'requestReset', max: 5, window: HOUR, per: ['IP', 'EMAIL'], cheap: address, dear: address },
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
  { name: 'updateProfile', max: 60, window: 60, per: ['USER'], ...always({ displayName: 'Ada' }) },
  { name: 'revokeSession', max: 60, window: 60, per: ['USER'], ...always({ sessionId: randomUUID() }) },
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

/** Counts so many further calls of whoever has made a single one: sixty calls may take longer than a minute. */
async function countMore(calls: number): Promise<number> {
  const open = 'points = 1 AND expire > extract(epoch FROM now()) * 1000'
  const sql = `UPDATE rate_limit_counters SET points = points + $1 WHERE ${open}`
  const { rowCount } = await database().query(sql, [calls])
  return rowCount ? calls : 0
}

const BY_REST = new Set(['register', 'verifyEmail', 'login', 'refreshSession', 'requestReset', 'confirmReset'])
const CASES = DOORS.flatMap(([by, door]) =>
  ROWS.filter(({ name }) => door !== rest || BY_REST.has(name)).map((row) => ({ by, door, row, ...row })),
)

test.each(CASES)(
  '$name by $by: $max calls in $window s per $per, the next one costs no hash',
  async ({ door, row }) => {
    const call = await callerOf(row, door)
    for (let made = 0; made < row.max; made += 1) {
      expect((await call(row.cheap)).code).not.toBe('RATE_LIMITED')
      if (row.window === 60) made += await countMore(row.max - 2)
    }

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
  const caller = from(someAddress())
  const reset = async (email?: string) => (await call(app.url, 'requestReset', { email }, caller)).code
  for (let made = 0; made < 5; made += 1) await reset(spellings[made % 4])
  for (const email of spellings) expect(await reset(email)).toBe('RATE_LIMITED')
  expect(await reset('bob+tag@bücher.example')).toBe('SUCCESS')
})

test("a stranger's calls spend nothing of the owner's, who asks from elsewhere", async () => {
  const [email, stranger] = [await verifiedPerson(app), from(someAddress())]
  for (const name of ['requestReset', 'resendVerification']) {
    for (let made = 0; made < 6; made += 1) await call(app.url, name, { email }, stranger)
    expect((await call(app.url, name, { email }, stranger)).code).toBe('RATE_LIMITED')
    expect((await call(app.url, name, { email }, from(someAddress()))).code).toBe('SUCCESS')
  }
})

test('an IPv6 client is its /64; a /56 has ten times, a /48 a hundred times its budget', async () => {
  const env = { ...BUDGETS_ON, RATE_LIMIT_VERIFY_EMAIL: '2/15m per IP' }
  const tight = await startTestApp({ env, databaseUrl: app.databaseUrl, smtp: app.smtp })
  const verify = async (ip: string) => (await call(tight.url, 'verifyEmail', token(), from(ip))).code
  const admitted = async (count: number, ip: (index: number) => string) => {
    const codes = await Promise.all(Array.from({ length: count }, (_, index) => verify(ip(index))))
    return codes.filter((code) => code === 'INVALID_TOKEN').length
  }
  const hex = (value: number) => value.toString(16)
  expect(await admitted(10, (index) => `2001:db8:7:7:${hex(index * 977)}::1`)).toBe(2)
  expect(await verify('2001:0DB8:7:7:ffff:ffff:ffff:ffff')).toBe('RATE_LIMITED')

  // Two of the twenty of 2001:db8:7::/56 are spent, then twenty of the two hundred of 2001:db8:7::/48.
  expect(await admitted(30, (index) => `2001:db8:7:${hex(0x10 + index)}::1`)).toBe(18)
  expect(await verify('2001:db8:7:fe::1')).toBe('RATE_LIMITED')
  expect(await admitted(250, (index) => `2001:db8:7:${hex(0x100 + 0x100 * (index % 50) + index)}::1`)).toBe(180)
  expect(await verify('2001:db8:7:ff01::1')).toBe('RATE_LIMITED')
  expect(await verify('2001:db8:8:7::1')).toBe('INVALID_TOKEN')
  await tight.close()
})

test('an IPv4 address mapped into IPv6 is that IPv4 address', async () => {
  const verify = async (ip: string) => (await call(app.url, 'verifyEmail', token(), from(ip))).code
  const mapped = someAddress()
  for (let made = 0; made < 30; made += 1) await verify(made % 2 ? mapped : `::ffff:${mapped}`)
  expect(await verify(mapped)).toBe('RATE_LIMITED')
  expect(await verify(`::ffff:${someAddress()}`)).toBe('INVALID_TOKEN')
})

test('a client that no proxy speaks for is its socket, whatever its headers say', async () => {
  const direct = await startTestApp({ env: { RATE_LIMITS: 'on', NODE_ENV: 'test' } })
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

test('all checks of the current password share one counter of wrong ones', async () => {
  const { tokens } = await signedIn(app)
  const signed = { token: tokens.accessToken }
  for (let made = 0; made < 3; made += 1) {
    const wrong = { password: `guess ${made}` }
    await call(app.url, 'deleteAccount', wrong, signed)
    await call(app.url, 'requestEmailChange', { newEmail: someone(), ...wrong }, signed)
    await call(app.url, 'changePassword', { currentPassword: `guess ${made}`, newPassword: NEW_PASSWORD }, signed)
  }
  expect((await call(app.url, 'deleteAccount', { password: 'guess 10' }, signed)).code).toBe('INVALID_CREDENTIALS')

  const before = await hashes(app)
  expect((await call(app.url, 'changePassword', changed(NEW_PASSWORD), signed)).code).toBe('RATE_LIMITED')
  expect((await call(app.url, 'deleteAccount', { password: PASSWORD }, signed)).code).toBe('RATE_LIMITED')
  expect(await hashes(app)).toBe(before)

  await pass(HOUR * 1_000)
  expect((await call(app.url, 'changePassword', changed(NEW_PASSWORD), signed)).code).toBe('SUCCESS')
})

test('wrong logins of a stranger do not keep the signed-in owner from anything', async () => {
  const { email, tokens } = await signedIn(app)
  for (let made = 0; made < 30; made += 1) {
    await call(app.url, 'login', { email, password: `guess ${made}` }, from(someAddress()))
  }
  const signed = { token: tokens.accessToken }
  const change = { newEmail: someone(), password: PASSWORD }
  expect((await call(app.url, 'requestEmailChange', change, signed)).code).toBe('SUCCESS')
  expect((await call(app.url, 'changePassword', changed(NEW_PASSWORD), signed)).code).toBe('SUCCESS')
  expect((await call(app.url, 'deleteAccount', { password: NEW_PASSWORD }, signed)).code).toBe('SUCCESS')
})

test('a login that succeeds gives its call back', async () => {
  const [email, caller] = [await verifiedPerson(app), from(someAddress())]
  const login = async (password: string) => (await call(app.url, 'login', { email, password }, caller)).code
  for (let made = 0; made < 12; made += 1) expect(await login(PASSWORD)).toBe('SUCCESS')
  for (let made = 0; made < 9; made += 1) expect(await login(`guess ${made}`)).toBe('INVALID_CREDENTIALS')
  expect(await login(PASSWORD)).toBe('SUCCESS')
  expect(await login('guess 10')).toBe('INVALID_CREDENTIALS')
  expect(await login(PASSWORD)).toBe('RATE_LIMITED')
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
  await pass((QUARTER - 20) * 1_000)
  expect(await login()).toBe('RATE_LIMITED')
  await pass(20_000)
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

  await pass(HOUR * 1_000)
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

describe('a spent budget', () => {
  /** The statements about calls, budgets and accounts that the server sent to PostgreSQL while `work` ran. */
  async function statements(work: () => Promise<void>): Promise<string[]> {
    await until(async () => (await database().query('SELECT 1 FROM mails')).rowCount === 0) // sending reads accounts too
    return (await statementsDuring(work)).filter((text) =>
      /rate_limit_counters|users|sessions|audit_events|BEGIN/.test(text),
    )
  }

  test.each([
    [
      'by this instance',
      async (login: () => Promise<Answer>) => {
        await Promise.all(Array.from({ length: 11 }, login))
      },
    ],
    [
      'as the store said once',
      async (login: () => Promise<Answer>) => {
        await login()
        await database().query('UPDATE rate_limit_counters SET points = 10 WHERE points = 1')
        await login()
      },
    ],
  ])('refuses 300 parallel calls without a statement, where it was spent %s', async (_how, spend) => {
    const [email, caller] = [someone(), from(someAddress())]
    const login = () => call(app.url, 'login', { email, password: 'a wrong one' }, caller)
    await spend(login)
    let answers: Answer[] = []
    const sent = await statements(async () => {
      answers = await Promise.all(Array.from({ length: 300 }, login))
    })
    expect(answers.filter(({ code }) => code === 'RATE_LIMITED')).toHaveLength(300)
    expect(sent).toEqual([])
  })

  test('is one line in the log, with its name and no address', async () => {
    const caller = from(someAddress())
    const noted = app.log.length
    for (let made = 0; made < 31; made += 1) await call(app.url, 'confirmEmailChange', token(), caller)
    const lines = app.log.slice(noted).filter(({ event }) => event === 'rate_limited')
    expect(lines).toEqual([expect.objectContaining({ level: 'info', kind: 'confirmEmailChange:IP:15m' })])
    expect(typeof lines[0]?.requestId).toBe('string')
    expect(lines[0]?.retryAfter).toBeGreaterThan(0)
    expect(JSON.stringify(lines)).not.toContain(caller.headers['x-forwarded-for'])
  })
})

describe('refreshSession', () => {
  let tight: TestApp
  beforeAll(async () => {
    const env = { ...BUDGETS_ON, RATE_LIMIT_REFRESH_SESSION: '4/1h per SESSION, 3/1h per IP' }
    tight = await startTestApp({ env, databaseUrl: app.databaseUrl, smtp: app.smtp })
  })
  afterAll(() => tight.close())
  const refresh = (refreshToken: string | null, caller: ReturnType<typeof from>) =>
    call(tight.url, 'refreshSession', { refreshToken }, caller)

  test('counts a known token by its session, so that many behind one address disturb nobody', async () => {
    const caller = from(someAddress())
    for (let made = 0; made < 3; made += 1) expect((await refresh(NO_TOKEN, caller)).code).toBe('INVALID_TOKEN')
    expect((await refresh(NO_TOKEN, caller)).code).toBe('RATE_LIMITED')

    let held = (await signedIn(app)).tokens.refreshToken
    for (let made = 0; made < 4; made += 1) {
      const answer = await refresh(held, made % 2 ? caller : from(someAddress()))
      expect(answer.code).toBe('SUCCESS')
      held = (answer.data as { tokens: { refreshToken: string } }).tokens.refreshToken
    }
    expect((await refresh(held, from(someAddress()))).code).toBe('RATE_LIMITED')
    expect((await refresh((await signedIn(app)).tokens.refreshToken, caller)).code).toBe('SUCCESS')
  })

  test('makes no trip for unknown tokens once look-ups for a spent address are spent too', async () => {
    const caller = from(someAddress())
    const unknown = async () => (await refresh(NO_TOKEN, caller)).code
    const codes = await Promise.all(Array.from({ length: 60 }, unknown))
    const sent = await statementsDuring(async () => {
      codes.push(...(await Promise.all(Array.from({ length: 50 }, unknown))))
    })
    expect(sent.join('\n')).not.toContain('refresh_token_hash')
    expect(codes.filter((code) => code === 'INVALID_TOKEN')).toHaveLength(3)
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(107)
  })
})

describe.each(['logout', 'revokeOtherSessions'])('%s, whose result is no union', (name) => {
  test('says a spent budget as an error with its own code', async () => {
    const { tokens, user } = await signedIn(app)
    const signed = { token: tokens.accessToken }
    for (let made = 0; made < 60; made += 1) await app.app.deps.limiter.consume(userCharge(name, user.id))
    const refused = await call(app.url, name, undefined, signed)
    expect(refused).toMatchObject({ code: 'RATE_LIMITED', status: 200 })
    expect(refused.data).toMatchObject({
      extensions: { code: 'RATE_LIMITED', retryAfter: expect.any(Number) as number },
    })
    expect(refused.data.message).toMatch(/^Too many attempts\. Please wait (\d+ seconds|1 minute) and try again/)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    if (name !== 'logout') return
    const byRest = await rest(app.url, name, undefined, signed)
    expect(byRest).toMatchObject({ code: 'RATE_LIMITED', status: 429 })
    expect(byRest.headers.get('retry-after')).toBe(String(byRest.data.retryAfter))
  })

  const userCharge = (field: string, subject: string) => [
    { budget: { name: `${field}:USER:1m`, max: 60, window: 60_000 }, subject },
  ]
})

describe('RATE_LIMIT_<FIELD>', () => {
  const described = async (url: string, name: string) => {
    const answer = await post(url, { query: '{ __type(name: "Mutation") { fields { name description } } }' })
    const { data } = (await answer.json()) as { data: { __type: { fields: { name: string; description: string }[] } } }
    return data.__type.fields.find((field) => field.name === name)?.description
  }

  test("replaces a field's budgets, and the served schema says what is in force", async () => {
    const env = { ...BUDGETS_ON, RATE_LIMIT_LOGIN: '3/1h per IP, 2/15m per IP+EMAIL' }
    const changed = await startTestApp({ env, databaseUrl: app.databaseUrl, smtp: app.smtp })
    const caller = from(someAddress())
    const login = async (email: string) =>
      (await call(changed.url, 'login', { email, password: 'a wrong one' }, caller)).code
    const one = someone()
    expect([await login(one), await login(one), await login(one)]).toEqual([
      'INVALID_CREDENTIALS',
      'INVALID_CREDENTIALS',
      'RATE_LIMITED',
    ])
    expect([await login(someone()), await login(someone())]).toEqual(['INVALID_CREDENTIALS', 'RATE_LIMITED'])
    expect(await described(changed.url, 'login')).toBe('Budgets: 3 / 1h per IP, 2 / 15m per IP+EMAIL.')
    expect(await described(changed.url, 'register')).toBe('Budgets: 10 / 1h per IP.')
    await changed.close()
  })

  test('in development every number is tenfold, save those that are replaced', async () => {
    const env = { RATE_LIMITS: 'on', TRUST_PROXY: '127.0.0.1', RATE_LIMIT_VERIFY_EMAIL: '7/1m per IP' }
    const development = await startTestApp({ env, databaseUrl: app.databaseUrl, smtp: app.smtp })
    expect(await described(development.url, 'login')).toBe('Budgets: 100 / 15m per IP+EMAIL, 1000 / 15m per IP.')
    expect(await described(development.url, 'verifyEmail')).toBe('Budgets: 7 / 1m per IP.')
    const caller = from(someAddress())
    const codes = await Promise.all(
      Array.from(
        { length: 320 },
        async () => (await call(development.url, 'confirmEmailChange', token(), caller)).code,
      ),
    )
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(20)
    await development.close()
  })
})

// Counting after the check would let all hundred through: each would find the counter below its limit.
test.each([1, 2])(
  '100 wrong logins at once on one account cost the hashes of 10: two each, on %d instance(s)',
  async (count) => {
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
    expect(await sum()).toBe(before + 10 * HASHES_OF_A_FAILED_LOGIN)
    for (const instance of instances) if (instance !== app) await instance.close()
  },
)

test('with Redis budgets hold while it dies under traffic and comes back, and no request fails', async () => {
  const redis = await startRedis()
  const counted = await startTestApp({ env: { ...BUDGETS_ON, REDIS_URL: redis.url } })
  const caller = from(someAddress())
  const stored = async () => {
    const { rows } = await counted.app.deps.database.pool.query('SELECT 1 FROM rate_limit_counters')
    return rows.length
  }
  await until(async () => {
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
  await until(async () => {
    await call(counted.url, 'verifyEmail', token(), from(someAddress()))
    return said(/Redis is back/)()
  })
  codes.push(...(await Promise.all(burst(25))))

  expect(codes.filter((code) => code === 'INVALID_TOKEN')).toHaveLength(30)
  expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(20)
  await counted.close()
  await redis.stop()
})
