import { type TestApp, startTestApp } from '../support/app'
import { from, hashes, someAddress } from '../support/budgets'
import { type Answer, type Door, DOORS, type LoggedIn, call, rest } from '../support/client'
import { NEW_PASSWORD, PASSWORD } from '../support/people'
import { statementsDuring } from '../support/statements'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({
    env: { LOGIN_CODE: 'on', RATE_LIMITS: 'on', NODE_ENV: 'test', TRUST_PROXY: '127.0.0.1' },
    periodic: false,
  })
})
afterAll(() => app.close())

const KINDS = ['verified', 'unverified', 'unknown'] as const
type Kind = (typeof KINDS)[number]

let made = 0
/** Addresses of one length, so that lengths tell nothing by themselves. */
async function address(kind: Kind): Promise<string> {
  const email = `silent${String((made += 1)).padStart(4, '0')}@example.com`
  if (kind !== 'unknown') await registerFromElsewhere(email)
  if (kind === 'verified') {
    const token = await app.mailedToken(email)
    await call(app.url, 'verifyEmail', { token }, from(someAddress()))
  }
  return email
}

async function accessToken(): Promise<string> {
  const input = { email: await address('verified'), password: PASSWORD }
  const { data } = await call(app.url, 'login', input, from(someAddress()))
  return (data as unknown as LoggedIn).tokens.accessToken
}

/** From an address of its own each time: the budgets of the caller under test stay untouched. */
async function registerFromElsewhere(email: string): Promise<void> {
  await call(app.url, 'register', { email, password: PASSWORD }, from(someAddress()))
}

/** What a caller can see of an answer, with the address, and what differs between any two calls, taken out. */
function visible({ status, headers, text }: Answer, email: string): string {
  const shown = [...headers].filter(([name]) => !['x-request-id', 'date'].includes(name))
  // The seconds until a window ends depend on when it began.
  const answer = { status, shown: shown.map(([name, value]) => `${name}: ${value}`), text: text.replaceAll('"', '') }
  return JSON.stringify(answer)
    .replaceAll(email, '<address>')
    .replaceAll(/(challenge|expiresAt): ?[\w:.-]+/g, '$1: <value>')
    .replaceAll(/(retry-?after): ?\d+/gi, '$1: <seconds>')
}

interface Probe {
  name: string
  input: (email: string) => Record<string, unknown>
  /** Calls in a row for one address: up to its limits and beyond. */
  calls: number
  signedIn?: boolean
}

const PROBES: Probe[] = [
  { name: 'register', input: (email) => ({ email, password: PASSWORD }), calls: 12 },
  { name: 'register', input: (email) => ({ email, password: 'password1' }), calls: 2 },
  { name: 'register', input: (email) => ({ email, password: PASSWORD, locale: '!' }), calls: 2 },
  { name: 'register', input: (email) => ({ email, password: PASSWORD, displayName: 'x'.repeat(101) }), calls: 2 },
  { name: 'register', input: (email) => ({ email, password: PASSWORD, locale: 5 }), calls: 2 },
  { name: 'resendVerification', input: (email) => ({ email }), calls: 7 },
  { name: 'resendVerification', input: (email) => ({ email, redirectTo: 'https://evil.example' }), calls: 2 },
  { name: 'requestLoginCode', input: (email) => ({ email }), calls: 7 },
  { name: 'requestReset', input: (email) => ({ email }), calls: 7 },
  { name: 'requestReset', input: (email) => ({ email, redirectTo: 'javascript:alert(1)' }), calls: 2 },
  { name: 'login', input: (email) => ({ email, password: 'not that one' }), calls: 12 },
  { name: 'login', input: (email) => ({ email, password: 'not that one', transport: 'PIGEON' }), calls: 2 },
  { name: 'login', input: (email) => ({ email, password: '' }), calls: 2 },
  { name: 'requestEmailChange', input: (newEmail) => ({ newEmail, password: PASSWORD }), calls: 12, signedIn: true },
  { name: 'requestEmailChange', input: (newEmail) => ({ newEmail, password: 'wrong' }), calls: 12, signedIn: true },
]
const BY_REST = new Set(['register', 'requestLoginCode', 'requestReset', 'login'])
const CASES = DOORS.flatMap(([by, door]) =>
  PROBES.filter(({ name }) => door !== rest || BY_REST.has(name)).map((probe) => ({
    ...{ by, door, probe, name: probe.name },
    given: JSON.stringify(probe.input('<address>')).slice(0, 80),
  })),
)

async function answersFor({ name, input, calls, signedIn: needsUser }: Probe, door: Door, kind: Kind) {
  const email = await address(kind)
  const token = needsUser ? await accessToken() : undefined
  const options = { ...from(someAddress()), ...(token === undefined ? {} : { token }) }
  const most = door === rest ? Math.min(calls, 7) : calls // limits are the other door's
  const shown: string[] = []
  for (let made = 0; made < most; made += 1)
    shown.push(visible(await door(app.url, name, input(email), options), email))
  return shown
}

test.each(CASES)('$name by $by with $given answers alike for every address', async ({ probe, door }) => {
  const verified = await answersFor(probe, door, 'verified')
  expect(await answersFor(probe, door, 'unverified')).toEqual(verified)
  expect(await answersFor(probe, door, 'unknown')).toEqual(verified)
})

test('login answers a disabled account and a right password like an unknown address', async () => {
  const email = await address('verified')
  await app.app.deps.database.pool.query('UPDATE users SET disabled_at = now() WHERE email = $1', [email])
  const disabled = await call(app.url, 'login', { email, password: PASSWORD }, from(someAddress()))
  const other = await address('unknown')
  const unknown = await call(app.url, 'login', { email: other, password: PASSWORD }, from(someAddress()))
  expect(visible(disabled, email)).toBe(visible(unknown, other))
})

test('"not verified" is told only after the right password', async () => {
  const email = await address('unverified')
  const login = (password: string) => call(app.url, 'login', { email, password }, from(someAddress()))
  expect((await login(NEW_PASSWORD)).code).toBe('INVALID_CREDENTIALS')
  const right = await login(PASSWORD)
  expect(right.code).toBe('EMAIL_NOT_VERIFIED')
  expect(right.text).not.toContain('oken')
})

/** Statements that are not a request's: the heartbeat of the listener, and the leases of the outbox. */
const BESIDE = /WITH RECURSIVE kinds|pg_notify|SKIP LOCKED|SET (?:leased_until|lease_owner)|^LISTEN|^SELECT pg_backend/i

/** What a request sends to the database during `work`, in order, by its texts alone. */
async function statements(work: () => Promise<unknown>): Promise<string[]> {
  return (await statementsDuring(work)).filter((text) => !BESIDE.test(text))
}

/** Holds every hand that sends mails, so that no statement of theirs is counted as one of a request. */
async function holdMails(): Promise<void> {
  const held = ['a', 'b', 'c', 'd'].map((name) => `held.${name}@example.com`)
  for (const email of held) {
    app.smtp.behaviourOf.set(email, 'hang')
    await registerFromElsewhere(email)
  }
  await Promise.all(held.map((email) => app.smtp.waitForAttempts(email, 1)))
}

test('every address costs the same statements and the same hashes', async () => {
  const work = PROBES.filter(({ calls }) => calls > 2)
  const addresses = new Map<string, string>()
  for (const [index] of work.entries()) for (const kind of KINDS) addresses.set(`${index} ${kind}`, await address(kind))
  const tokens = await Promise.all(work.map(accessToken))
  await holdMails()
  for (const [index, { name, input, signedIn: needsUser }] of work.entries()) {
    const costs: { sent: string[]; hashed: number }[] = []
    for (const kind of KINDS) {
      const email = addresses.get(`${index} ${kind}`) ?? ''
      const options = { ...from(someAddress()), ...(needsUser ? { token: tokens[index] ?? '' } : {}) }
      await call(app.url, name, input(`warm.${email}`), options) // statements that are prepared once
      const before = await hashes(app)
      const sent = await statements(() => call(app.url, name, input(email), options))
      costs.push({ sent, hashed: (await hashes(app)) - before })
    }
    expect({ name, cost: costs[1] }).toEqual({ name, cost: costs[0] })
    expect({ name, cost: costs[2] }).toEqual({ name, cost: costs[0] })
    expect(costs[0]?.sent.length).toBeGreaterThan(1)
  }
  app.smtp.breakConnections()
})
