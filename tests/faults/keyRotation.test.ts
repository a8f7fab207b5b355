import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { SIGNING_KEYS } from '../../src/config/defaults'
import { loadSigningKeys, rotateSigningKeys } from '../../src/services/signingKeys'
import { type TestApp, TestClock, startTestApp } from '../support/app'
import { call, me } from '../support/client'
import { type TestDatabase, createDatabase } from '../support/database'
import { ageKeys } from '../support/keyAge'
import { PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { CHEAP, runGatehouse } from '../support/process'
import { TestSmtpServer } from '../support/smtp'
import { until } from '../support/until'

const DAY = 86_400_000
const MINUTE = 60_000
/** Instances of one service have one name: tokens carry it. */
const PUBLIC_URL = 'http://gatehouse.test'
const NEW_SECRET = 'another secret of the tests, long enough'

const opened: TestApp[] = []
let database: TestDatabase
let smtp: TestSmtpServer
beforeEach(async () => {
  database = await createDatabase()
  smtp = await new TestSmtpServer().start()
})
afterEach(async () => {
  for (const app of opened.splice(0)) await app.close()
  await smtp.stop()
  await database.drop()
})

async function instance(env: Record<string, string> = {}, clock?: TestApp['clock']): Promise<TestApp> {
  const shared = { databaseUrl: database.url, smtp, ...(clock ? { clock } : {}) }
  const app = await startTestApp({ ...shared, env: { PUBLIC_URL, ...env } })
  opened.push(app)
  return app
}

async function twoInstances(): Promise<[TestApp, TestApp]> {
  const first = await instance()
  return [first, await instance({}, first.clock)]
}

async function close(app: TestApp): Promise<void> {
  opened.splice(opened.indexOf(app), 1)
  await app.close()
}

type Jwks = Parameters<typeof createLocalJWKSet>[0]
const jwksOf = async (app: TestApp) => (await (await fetch(`${app.url}/.well-known/jwks.json`)).json()) as Jwks
const kidsOf = async (app: TestApp) => (await jwksOf(app)).keys.map(({ kid }) => kid)
const kidOf = (token: string) => decodeProtectedHeader(token).kid

const rotateByCommand = (secret = CHEAP.SECRET, previous = '') =>
  runGatehouse(['keys', 'rotate'], { DATABASE_URL: database.url, SECRET: secret, SECRET_PREVIOUS: previous })

/** Refreshes by one instance and asks the other who is signed in, round after round, until told to stop. */
async function useSession(apps: [TestApp, TestApp], email: string, isOver: () => boolean) {
  let { tokens } = await loggedIn(apps[0], email)
  const seen = { failures: [] as string[], kids: new Set<string | undefined>(), rounds: 0 }
  while (!isOver()) {
    const [signing, asked] = seen.rounds % 2 === 0 ? apps : ([apps[1], apps[0]] as const)
    const refreshed = await call(signing.url, 'refreshSession', { refreshToken: tokens.refreshToken })
    if (refreshed.code !== 'SUCCESS') seen.failures.push(refreshed.text)
    tokens = (refreshed.data as { tokens: typeof tokens }).tokens
    const answer = await me(asked.url, { token: tokens.accessToken })
    if (answer.code !== 'SUCCESS') seen.failures.push(answer.text)
    seen.kids.add(kidOf(tokens.accessToken))
    seen.rounds += 1
  }
  return seen
}

test('keys that are rotated at once, in process and by command, cost no request on either of two instances', async () => {
  const apps = await twoInstances()
  const email = await verifiedPerson(apps[0])
  let over = false
  const clients = Array.from({ length: 4 }, () => useSession(apps, email, () => over))
  await rotateSigningKeys(apps[0].app.deps, { immediately: true })
  expect(await rotateByCommand().ended()).toEqual({ code: 0, signal: null })
  const { rows } = await apps[0].app.deps.database.pool.query<{ kid: string }>(
    'SELECT kid FROM signing_keys WHERE signs_from <= now() ORDER BY signs_from DESC LIMIT 1',
  )
  const newest = rows[0]?.kid
  const signingKeys = () => apps.map((app) => app.app.deps.keyring.signingKey(app.clock.now()).kid)
  await until(() => Promise.resolve(signingKeys().every((kid) => kid === newest)))
  const { accessToken } = (await loggedIn(apps[1], email)).tokens
  over = true
  const seen = await Promise.all(clients)
  expect(seen.flatMap(({ failures }) => failures)).toEqual([])
  expect(Math.min(...seen.map(({ rounds }) => rounds))).toBeGreaterThan(0)
  expect(kidOf(accessToken)).toBe(newest)
})

test('the key that signs next stands in the JWKS before, and verifies what it signs for anyone', async () => {
  const [a, b] = await twoInstances()
  const published = await jwksOf(b)
  expect(published.keys).toHaveLength(2)
  await rotateSigningKeys(a.app.deps, { immediately: true })
  const { tokens } = await signedIn(a)
  const verified = await jwtVerify(tokens.accessToken, createLocalJWKSet(published), {
    issuer: PUBLIC_URL,
    audience: PUBLIC_URL,
    algorithms: ['ES256'],
    typ: 'at+jwt',
  })
  expect(verified.payload.sub).toMatch(/^[0-9a-f-]{36}$/)
})

test('a token of before the rotation verifies as long as it lives, and its key goes when the margin is over', async () => {
  const [a, b] = await twoInstances()
  const { tokens } = await signedIn(a)
  const kid = kidOf(tokens.accessToken)
  await rotateSigningKeys(a.app.deps, { immediately: true })
  await until(async () => (await kidsOf(b)).length === 3)

  await ageKeys(DAY - 5_000, a, b)
  for (const app of [a, b]) expect((await me(app.url, { token: tokens.accessToken })).code).toBe('SUCCESS')
  await ageKeys(SIGNING_KEYS.retirementMargin, a, b)
  for (const app of [a, b]) {
    expect(await kidsOf(app)).toContain(kid)
    expect((await me(app.url, { token: tokens.accessToken })).code).toBe('UNAUTHENTICATED')
  }
  await ageKeys(10_000, a, b)
  for (const app of [a, b]) expect(await kidsOf(app)).not.toContain(kid)
  await rotateSigningKeys(b.app.deps, { immediately: false })
  const { rows } = await a.app.deps.database.pool.query('SELECT 1 FROM signing_keys WHERE kid = $1', [kid])
  expect(rows).toEqual([])
})

test('however many instances find a rotation due at once, it happens once', async () => {
  const [a, b] = await twoInstances()
  const [first, next] = await kidsOf(a)
  await ageKeys(30 * DAY + 1_000, a, b)
  const due = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? a : b))
  await Promise.all(due.map(({ app }) => rotateSigningKeys(app.deps, { immediately: false })))
  const { rows } = await a.app.deps.database.pool.query<{ kid: string; retired: boolean }>(
    'SELECT kid, verifies_until IS NOT NULL AS retired FROM signing_keys ORDER BY signs_from',
  )
  expect(rows).toEqual([
    { kid: first, retired: true },
    { kid: next, retired: false },
    { kid: expect.any(String) as string, retired: false },
  ])
})

test('instances whose clocks differ by minutes sign with the same key and rotate once, by the clock of the database', async () => {
  const [fast, slow] = [new TestClock(), new TestClock()]
  fast.pass(12 * MINUTE)
  slow.pass(-12 * MINUTE)
  const apps = [await instance({}, fast), await instance({}, slow)] as const
  const stored = async () => {
    const { rows } = await apps[0].app.deps.database.pool.query<{ kid: string; state: string }>(
      `SELECT kid, CASE WHEN verifies_until IS NOT NULL THEN 'retired' WHEN signs_from <= now() THEN 'signs' ELSE 'next' END AS state
       FROM signing_keys ORDER BY signs_from`,
    )
    return rows
  }
  const rotateAll = async () => {
    for (const { app } of [...apps, ...apps]) await rotateSigningKeys(app.deps, { immediately: false })
    for (const { app } of apps) await loadSigningKeys(app.deps)
  }
  const signing = () => apps.map(({ app, clock }) => app.deps.keyring.signingKey(clock.now()).kid)
  const [first, next] = (await stored()).map(({ kid }) => kid)
  const email = await verifiedPerson(apps[0])

  await ageKeys(30 * DAY - 5 * MINUTE, ...apps) // due in five minutes: past by one clock, far off by the other
  await rotateAll()
  expect((await stored()).map(({ kid }) => kid)).toEqual([first, next])
  expect(signing()).toEqual([first, first])

  await ageKeys(5 * MINUTE, ...apps)
  expect(signing()).toEqual([next, next])
  await rotateAll()
  expect((await stored()).map(({ state }) => state)).toEqual(['retired', 'signs', 'next'])
  expect(signing()).toEqual([next, next])

  const { tokens } = await loggedIn(apps[1], email)
  expect(kidOf(tokens.accessToken)).toBe(next)
  for (const { url } of apps) expect((await me(url, { token: tokens.accessToken })).code).toBe('SUCCESS')
  for (const { app, clock } of apps) expect(app.deps.keyring.verificationKey(first ?? '', clock.now())).not.toBeNull()
})

test('the schedule of two instances rotates once a period', async () => {
  const env = { SIGNING_KEY_ROTATION: '2s' }
  const a = await instance(env)
  await instance(env, a.clock)
  const { pool } = a.app.deps.database
  const found = await until(async () => {
    const { rows } = await pool.query<{ at: Date }>('SELECT signs_from AS at FROM signing_keys ORDER BY signs_from')
    return rows.length >= 4 && rows.map(({ at }) => at.getTime())
  })
  for (const [index, at] of found.entries()) {
    if (index > 0) expect(at - (found[index - 1] ?? 0)).toBeGreaterThanOrEqual(2_000)
  }
})

describe('a new SECRET', () => {
  test('opens what SECRET_PREVIOUS sealed and seals it anew: the old one is not needed at the next start', async () => {
    const before = await instance()
    const { tokens } = await signedIn(before)
    await close(before)
    const during = await instance({ SECRET: NEW_SECRET, SECRET_PREVIOUS: CHEAP.SECRET })
    expect((await me(during.url, { token: tokens.accessToken })).code).toBe('SUCCESS')
    await close(during)
    const after = await instance({ SECRET: NEW_SECRET })
    expect((await me(after.url, { token: tokens.accessToken })).code).toBe('SUCCESS')
  })

  test('keeps the links of mails that wait, tried before or not, and the grace of a refresh token', async () => {
    const before = await instance()
    const session = await signedIn(before)
    const { refreshToken } = session.tokens
    const refreshed = await call(before.url, 'refreshSession', { refreshToken })
    const sent = someone()
    await call(before.url, 'register', { email: sent, password: PASSWORD })
    const oldLink = await before.mailedToken(sent)
    const [tried, untried] = [someone(), someone()]
    smtp.behaviour = 450
    await call(before.url, 'register', { email: tried, password: PASSWORD })
    await smtp.waitForAttempts(tried, 1)
    await smtp.stop()
    await call(before.url, 'register', { email: untried, password: PASSWORD })
    await close(before)

    smtp.behaviour = 'ok'
    await smtp.start()
    const after = await instance({ SECRET: NEW_SECRET, SECRET_PREVIOUS: CHEAP.SECRET, REFRESH_GRACE: '1m' })
    const again = await call(after.url, 'refreshSession', { refreshToken })
    expect((again.data as unknown as typeof session).tokens.refreshToken).toBe(
      (refreshed.data as unknown as typeof session).tokens.refreshToken,
    )
    const links = [oldLink, await after.mailedToken(tried), await after.mailedToken(untried)]
    for (const token of links) expect((await call(after.url, 'verifyEmail', { token })).code).toBe('SUCCESS')
  })

  test.each(['serve', 'keys rotate'])(
    'that opens nothing is refused by %s with exit code 78, in helpful words',
    async (command) => {
      await close(await instance())
      const env = { ...CHEAP, DATABASE_URL: database.url, SMTP_URL: smtp.url, SECRET: NEW_SECRET }
      const refused = runGatehouse(command.split(' '), env)
      expect(await refused.ended()).toEqual({ code: 78, signal: null })
      expect(refused.output).toMatch(/SECRET does not open the signing keys.*SECRET_PREVIOUS/)
      expect(refused.output).not.toContain(NEW_SECRET)
    },
  )
})
