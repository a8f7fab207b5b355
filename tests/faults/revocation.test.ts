import { randomUUID } from 'node:crypto'
import { SESSION } from '../../src/config/defaults'
import { later } from '../../src/lib/clock'
import { type TestApp, startTestApp } from '../support/app'
import { call, post } from '../support/client'
import { NEW_PASSWORD, PASSWORD, loggedIn, signedIn } from '../support/people'
import { TcpProxy } from '../support/tcpProxy'
import { until } from '../support/until'

/** Instances of one service have one name: tokens carry it. */
const env = { PUBLIC_URL: 'http://gatehouse.test', DEV_TOOLS: 'on' }

let a: TestApp
let b: TestApp
let network: TcpProxy
beforeAll(async () => {
  a = await startTestApp({ env })
  network = await TcpProxy.start(a.databaseUrl)
  b = await startTestApp({ env, databaseUrl: network.url, smtp: a.smtp, clock: a.clock })
})
afterAll(async () => {
  await network.mend()
  await b.close()
  await network.cut()
  await a.close()
})

const isLive = async (app: TestApp, sessionId: string) =>
  (await app.app.deps.sessionCache.get(sessionId, app.clock.now())) !== null

async function metric(app: TestApp, name: string): Promise<number> {
  const text = await (await fetch(`${app.url}/metrics`)).text()
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1])
}
const isListening = async (app: TestApp) => (await metric(app, 'gatehouse_change_listener_up')) === 1

/** Sessions of one user, written straight into the table, with an access token for each. */
async function manySessions(count: number) {
  const { user } = await signedIn(a)
  const { deps } = a.app
  const ids = Array.from({ length: count }, () => randomUUID())
  await deps.database.pool.query(
    `INSERT INTO sessions (id, user_id, refresh_token_hash, expires_at)
     SELECT id, $2, sha256(id::text::bytea), now() + interval '1 day' FROM unnest($1::uuid[]) AS id`,
    [ids, user.id],
  )
  const sessionExpiresAt = later(a.clock.now(), 86_400_000)
  return ids.map((id) => {
    const { accessToken } = deps.accessTokens.issue({ userId: user.id, sessionId: id, sessionExpiresAt }, a.clock.now())
    return { id, accessToken }
  })
}

/** SUCCESS, or how `me` was refused. Of a user with hundreds of sessions the list of them is not asked for. */
async function codeOf(app: TestApp, token: string): Promise<string> {
  const answer = await post(app.url, { query: '{ me { id } }' }, { token })
  const { errors } = (await answer.json()) as { errors?: { extensions: { code: string } }[] }
  return errors?.[0]?.extensions.code ?? 'SUCCESS'
}

/** Waits until this instance refuses a token; fails where it does so only because the cache let the session go with time. */
async function expectRefused(app: TestApp, token: string): Promise<void> {
  const asked = performance.now()
  await until(async () => (await codeOf(app, token)) === 'UNAUTHENTICATED')
  expect(performance.now() - asked).toBeLessThan(SESSION.cacheMaxAge)
}

/** Counts the statements that look a session up, on this instance's pool. */
function countLookUps(app: TestApp): { count: number; restore: () => void } {
  const counter = { count: 0, restore: () => spy.mockRestore() }
  const { pool } = app.app.deps.database
  const query = pool.query.bind(pool) as (...given: unknown[]) => unknown
  const spy = jest.spyOn(pool, 'query').mockImplementation((...given: unknown[]) => {
    if ((given[0] as { name?: string }).name === 'session-cache') counter.count += 1
    return query(...given) as never
  })
  return counter
}

test('a session that was revoked on one instance is refused by the other, which held it in memory: 200 of 200', async () => {
  const sessions = await manySessions(200)
  for (const { id } of sessions) await isLive(b, id)
  const lookUps = countLookUps(b)
  for (const { accessToken } of sessions.slice(0, 50)) expect(await codeOf(b, accessToken)).toBe('SUCCESS')
  for (const { id } of sessions) expect(await isLive(b, id)).toBe(true)
  expect(lookUps.count).toBe(0) // each one is held in memory: the refusals below are news, not a fresh look
  lookUps.restore()

  for (let from = 0; from < sessions.length; from += 50) {
    const some = sessions.slice(from, from + 50)
    const revoked = await Promise.all(some.map((item) => call(a.url, 'logout', undefined, { token: item.accessToken })))
    expect(revoked.map(({ code }) => code)).not.toContain('UNAUTHENTICATED')
    await Promise.all(some.map(({ accessToken }) => expectRefused(b, accessToken)))
  }
})

test('while the listening connection is broken a revocation takes effect immediately, and the cache is used again afterwards', async () => {
  const sessions = await manySessions(10)
  for (const { id } of sessions) await isLive(b, id)
  const { pool } = a.app.deps.database
  for (const { id, accessToken } of sessions) {
    await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'gatehouse listener' AND datname = current_database()`,
    )
    await pool.query('UPDATE sessions SET revoked_at = now() WHERE id = $1', [id])
    await until(async () => !(await isLive(b, id)))
    expect(await codeOf(b, accessToken)).toBe('UNAUTHENTICATED')
  }

  await until(() => isListening(b))
  const [{ id, accessToken } = { id: '', accessToken: '' }] = await manySessions(1)
  await isLive(b, id)
  const lookUps = countLookUps(b)
  expect(await isLive(b, id)).toBe(true)
  expect(lookUps.count).toBe(0)
  lookUps.restore()
  await call(a.url, 'logout', undefined, { token: accessToken })
  await expectRefused(b, accessToken)
})

test('a listening connection that hangs is detected by its heartbeat, and the cache is not used from then on', async () => {
  const [{ id, accessToken } = { id: '', accessToken: '' }] = await manySessions(1)
  await until(() => isListening(b))
  await isLive(b, id)
  network.freeze('gatehouse listener')
  await a.app.deps.database.pool.query('UPDATE sessions SET revoked_at = now() WHERE id = $1', [id])
  expect(await isLive(b, id)).toBe(true) // nobody can have told it yet
  await until(async () => !(await isLive(b, id)))
  expect(await codeOf(b, accessToken)).toBe('UNAUTHENTICATED')
  await network.mend()
  await until(() => isListening(b))
})

describe('tokens of dead sessions are dead at once, on every instance', () => {
  /** One person with two devices, the second one known to both instances. */
  async function twoDevices() {
    const first = await signedIn(a)
    const second = await loggedIn(b, first.email)
    for (const app of [a, b]) expect(await codeOf(app, second.tokens.accessToken)).toBe('SUCCESS')
    return { first, second, email: first.email }
  }

  async function expectDead({ tokens }: { tokens: { accessToken: string; refreshToken: string | null } }) {
    for (const app of [a, b]) {
      await expectRefused(app, tokens.accessToken)
      const refreshed = await call(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })
      expect(refreshed.code).toBe('INVALID_TOKEN')
    }
  }

  test('after a password reset', async () => {
    const { first, second, email } = await twoDevices()
    await call(a.url, 'requestReset', { email })
    const token = await a.mailedToken(email, /new password/)
    const reset = await call(a.url, 'confirmReset', { token, password: NEW_PASSWORD })
    expect(reset.data).toMatchObject({ revokedSessions: 2 })
    await expectDead(second)
    await expectDead(first)
  })

  test('after a change of the password, save the session that made it', async () => {
    const { first, second } = await twoDevices()
    const input = { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }
    const changed = await call(a.url, 'changePassword', input, { token: first.tokens.accessToken })
    expect(changed.data).toMatchObject({ revokedSessions: 1, tokens: { accessToken: expect.any(String) as string } })
    await expectDead(second)
    const { tokens } = changed.data as unknown as typeof first
    for (const app of [a, b]) {
      for (const { accessToken } of [first.tokens, tokens]) expect(await codeOf(app, accessToken)).toBe('SUCCESS')
    }
  })

  test('after a deletion', async () => {
    const { first, second } = await twoDevices()
    const deleted = await call(a.url, 'deleteAccount', { password: PASSWORD }, { token: first.tokens.accessToken })
    expect(deleted.code).toBe('SUCCESS')
    await expectDead(first)
    await expectDead(second)
  })

  test('after an operator disabled the account by SQL', async () => {
    const { first, second, email } = await twoDevices()
    await a.app.deps.database.pool.query('UPDATE users SET disabled_at = now() WHERE email = $1', [email])
    await expectDead(first)
    await expectDead(second)
  })
})
