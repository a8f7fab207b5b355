import { Pool } from 'pg'
import { recoveryCodeDigest } from '../../src/crypto/recoveryCode'
import { useRecoveryCode, useTotpStep } from '../../src/store/secondFactors'
import { type TestApp, startTestApp } from '../support/app'
import { call } from '../support/client'
import { PASSWORD, loggedIn, signedIn } from '../support/people'
import { Authenticator, challengeOf, secured } from '../support/totp'

/** Instances of one service have one name: tokens carry it. */
const env = { PUBLIC_URL: 'http://gatehouse.test' }

let a: TestApp
let b: TestApp
let pool: Pool
beforeAll(async () => {
  a = await startTestApp({ env })
  b = await startTestApp({ env, databaseUrl: a.databaseUrl, smtp: a.smtp, clock: a.clock })
  pool = new Pool({ connectionString: a.databaseUrl, max: 2 })
})
afterAll(async () => {
  await pool.end()
  await b.close()
  await a.close()
})

const COUNT = 50
const instance = (index: number) => (index % 2 === 0 ? a : b)
const verify = (app: TestApp, challenge: string, proof: object) =>
  call(app.url, 'verifySecondFactor', { challenge, ...proof })
const count = (codes: string[], code: string) => codes.filter((one) => one === code).length
const liveSessions = async (userId: string) => {
  const { rows } = await pool.query<{ count: number }>(
    'SELECT count(*)::int AS count FROM sessions WHERE user_id = $1 AND revoked_at IS NULL',
    [userId],
  )
  return rows[0]?.count
}

/** So many challenges of one account, then the same proof for all of them at once. */
async function race(email: string, proof: object): Promise<string[]> {
  const challenges: string[] = []
  for (let index = 0; index < COUNT; index += 1) challenges.push(await challengeOf(instance(index), email, PASSWORD))
  const answers = await Promise.all(challenges.map((challenge, index) => verify(instance(index), challenge, proof)))
  return answers.map(({ code }) => code)
}

test('fifty uses of one code of the app at once, on two instances: one session', async () => {
  const { email, user, authenticator } = await secured(a)
  const codes = await race(email, { totp: authenticator.nextCode() })
  expect(count(codes, 'SUCCESS')).toBe(1)
  expect(codes.filter((code) => !['SUCCESS', 'INVALID_CREDENTIALS', 'RATE_LIMITED'].includes(code))).toEqual([])
  expect(await liveSessions(user.id)).toBe(2)
})

test('fifty uses of one recovery code at once, on two instances: one session', async () => {
  const { email, user, recoveryCodes } = await secured(a)
  const codes = await race(email, { recoveryCode: recoveryCodes[0] })
  expect(count(codes, 'SUCCESS')).toBe(1)
  expect(await liveSessions(user.id)).toBe(2)
})

test.each(['UPDATE totp_factors', 'UPDATE recovery_codes'])(
  'the condition of %s alone lets one of fifty through',
  async (statement) => {
    const { user, factorId } = await secured(a)
    const codeHash = recoveryCodeDigest(user.id, 'A'.repeat(24))
    await pool.query('INSERT INTO recovery_codes (user_id, code_hash) VALUES ($1, $2)', [user.id, codeHash])
    const now = a.clock.now()
    const step = Math.floor(now.getTime() / 30_000) + 1
    const use = (index: number) =>
      instance(index).app.deps.database.transaction((tx) =>
        statement.endsWith('totp_factors')
          ? useTotpStep(tx, { id: factorId, step, now })
          : useRecoveryCode(tx, { userId: user.id, codeHash, now }),
      )
    const wins = await Promise.all(Array.from({ length: COUNT }, (_, index) => use(index)))
    expect(wins.filter(Boolean)).toHaveLength(1)
  },
)

test('fifty guesses on one challenge at once, on two instances: five are judged', async () => {
  const { email, user, authenticator } = await secured(a)
  const challenge = await challengeOf(a, email, PASSWORD)
  const guess = { totp: authenticator.wrongCode() }
  const answers = await Promise.all(
    Array.from({ length: COUNT }, (_, index) => verify(instance(index), challenge, guess)),
  )
  const codes = answers.map(({ code }) => code)
  expect([count(codes, 'INVALID_CREDENTIALS'), count(codes, 'INVALID_TOKEN')]).toEqual([5, 45])
  const { rows } = await pool.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM audit_events WHERE user_id = $1 AND type = 'second_factor_failed'",
    [user.id],
  )
  expect(rows).toEqual([{ count: 5 }])
})

test('two right codes for one challenge at once: one session', async () => {
  const { email, user, authenticator } = await secured(a)
  a.clock.pass(60_000)
  const challenge = await challengeOf(a, email, PASSWORD)
  const codes = await Promise.all(
    [authenticator.code(-1), authenticator.code(0)].map((totp, index) => verify(instance(index), challenge, { totp })),
  )
  expect(codes.filter(({ code }) => code === 'SUCCESS')).toHaveLength(1)
  expect(await liveSessions(user.id)).toBe(2)
})

test('logins that overlap the confirmation of the first factor leave no session of one factor', async () => {
  for (let round = 0; round < 5; round += 1) {
    const { email, user, tokens } = await signedIn(a)
    const token = tokens.accessToken
    const { secret, factorId } = (await call(a.url, 'enrollTotp', {}, { token })).data as Record<string, string>
    const code = new Authenticator(secret ?? '', a).code()
    await Promise.all([
      call(a.url, 'confirmTotp', { factorId, code }, { token }),
      ...Array.from({ length: 6 }, (_, index) => call(instance(index).url, 'login', { email, password: PASSWORD })),
    ])
    const { rows } = await pool.query<{ aal: number }>(
      'SELECT aal FROM sessions WHERE user_id = $1 AND revoked_at IS NULL',
      [user.id],
    )
    expect(rows).toEqual([{ aal: 2 }])
  }
})

test('a step-up on one instance counts on the other, which holds the session in memory', async () => {
  const { email } = await signedIn(a)
  const { tokens } = await loggedIn(a, email)
  a.clock.pass(10 * 60_000)
  const enrol = (app: TestApp, token: string) => call(app.url, 'enrollTotp', {}, { token })
  expect((await enrol(b, tokens.accessToken)).code).toBe('STEP_UP_REQUIRED')
  const stepped = await call(a.url, 'stepUp', { password: PASSWORD }, { token: tokens.accessToken })
  const { accessToken } = (stepped.data as { tokens: { accessToken: string } }).tokens
  const heard = async () => (await enrol(b, accessToken)).code === 'SUCCESS'
  for (;;) if (await heard()) break
})

test('with another SECRET, and the one before as SECRET_PREVIOUS, codes count; without it recovery codes still do', async () => {
  const person = await secured(a)
  const previous = 'the secret of the tests, which is long enough'
  const rotated = { ...env, SECRET: 'another secret of the tests, long enough', SECRET_PREVIOUS: previous }
  const sealed = async () =>
    (await pool.query<{ s: Buffer }>('SELECT secret_sealed AS s FROM totp_factors WHERE id = $1', [person.factorId]))
      .rows[0]?.s
  const before = await sealed()
  const c = await startTestApp({ env: rotated, databaseUrl: a.databaseUrl, smtp: a.smtp, clock: a.clock })
  try {
    const challenge = await challengeOf(c, person.email, PASSWORD)
    expect((await verify(c, challenge, { totp: person.authenticator.nextCode() })).code).toBe('SUCCESS')
    expect(await sealed()).not.toEqual(before)
    // Sealed anew under the new one: to this instance, which has only the old, the secret is lost.
    const answer = await call(a.url, 'login', { email: person.email, password: PASSWORD })
    expect([answer.code, answer.data.methods]).toEqual(['SECOND_FACTOR_REQUIRED', ['RECOVERY_CODE']])
    expect(a.log.some(({ event }) => event === 'totp_secret_refused')).toBe(true)
    const code = { recoveryCode: person.recoveryCodes[0] }
    expect((await verify(a, String(answer.data.challenge), code)).code).toBe('SUCCESS')
  } finally {
    await c.close()
  }
})
