import { type TestApp, startTestApp } from '../support/app'
import { call, me } from '../support/client'
import { type TestDatabase, createDatabase } from '../support/database'
import { PASSWORD, loggedIn, someone, verifiedPerson } from '../support/people'
import { type PgBouncer, startPgBouncer } from '../support/pgbouncer'
import { until } from '../support/until'

/** Instances of one service have one name: tokens carry it. */
const SERVICE = { PUBLIC_URL: 'http://gatehouse.test', DEV_TOOLS: 'on' }

let database: TestDatabase
let pooler: PgBouncer
let apps: TestApp[]
beforeEach(async () => {
  database = await createDatabase()
  apps = []
})
afterEach(async () => {
  for (const app of apps) await app.close()
  await pooler.stop()
  await database.drop()
})

async function start(databaseUrl: string, env: Record<string, string> = {}): Promise<TestApp> {
  const [first] = apps
  const shared = first ? { clock: first.clock, smtp: first.smtp } : {}
  const app = await startTestApp({ databaseUrl, env: { ...SERVICE, ...env }, ...shared })
  apps.unshift(...(first ? [] : [app]))
  if (first) apps.unshift(app)
  return app
}

const readiness = async ({ url }: TestApp) =>
  ((await (await fetch(`${url}/health/ready`)).json()) as { reason?: string }).reason ?? 'ready'
const isListening = async ({ url }: TestApp) =>
  (await (await fetch(`${url}/metrics`)).text()).includes('gatehouse_change_listener_up 1')

test('through PgBouncer in session mode, with its defaults, two instances work as without it', async () => {
  pooler = await startPgBouncer(database.url, 'session')
  const a = await start(pooler.url, { DATABASE_POOL: '4' })
  const b = await start(pooler.url, { DATABASE_POOL: '4' })
  expect([await readiness(a), await readiness(b)]).toEqual(['ready', 'ready'])
  await until(async () => (await isListening(a)) && (await isListening(b)))
  const email = await verifiedPerson(a)
  const { tokens } = await loggedIn(b, email)
  const refreshed = await call(a.url, 'refreshSession', { refreshToken: tokens.refreshToken })
  const { accessToken } = (refreshed.data as { tokens: typeof tokens }).tokens
  for (const app of [a, b]) expect((await me(app.url, { token: accessToken })).code).toBe('SUCCESS')
  expect((await call(a.url, 'logout', undefined, { token: accessToken })).code).toBe('SUCCESS')
  await until(async () => (await me(b.url, { token: accessToken })).code === 'UNAUTHENTICATED')
  await call(b.url, 'requestReset', { email })
  expect(await a.mailedToken(email, /new password/)).toMatch(/^[\w-]{43}$/)
})

describe('through PgBouncer in transaction mode', () => {
  /** What several clients are told at once: sessions of the database change hands between their statements. */
  async function askMany(app: TestApp, email: string): Promise<string[]> {
    const newcomers = Array.from({ length: 5 }, () =>
      call(app.url, 'register', { email: someone(), password: PASSWORD }),
    )
    const logins = Array.from({ length: 10 }, () => call(app.url, 'login', { email, password: PASSWORD }))
    return (await Promise.all([...newcomers, ...logins])).map(({ code }) => code)
  }

  /** An account that was made past the pooler: only its password is right, its session live. */
  async function personPastIt() {
    const direct = await start(database.url)
    const email = await verifiedPerson(direct)
    const { tokens } = await loggedIn(direct, email)
    pooler = await startPgBouncer(database.url, 'transaction')
    return { email, token: tokens.accessToken }
  }

  test('without DIRECT_DATABASE_URL an instance is never ready, says why, and tells nobody something false', async () => {
    const { email, token } = await personPastIt()
    const app = await start(pooler.url, { DATABASE_POOL: '4', MIGRATE_ON_START: 'false' })
    await askMany(app, email)
    await until(async () => /^DATABASE_URL leads through a pooler in transaction mode/.test(await readiness(app)))
    const codes = [...(await askMany(app, email)), (await me(app.url, { token })).code]
    expect(codes.filter((code) => !/^(?:SUCCESS|SERVICE_UNAVAILABLE)$/.test(code))).toEqual([])
    expect((await fetch(`${app.url}/health/ready`)).status).toBe(503)
  })

  test('with DIRECT_DATABASE_URL and a statement_timeout of the database an instance works, without named statements', async () => {
    const { email, token } = await personPastIt()
    const app = await start(pooler.url, { DATABASE_POOL: '4', DIRECT_DATABASE_URL: database.url })
    await until(() => isListening(app)) // notifications arrive by the direct connection
    await askMany(app, email)
    // Which of its sessions the pooler gives decides what is seen first: load mixes them, as the next check then finds.
    await until(async () => {
      if (/statement_timeout/.test(await readiness(app))) return true
      await askMany(app, email)
      return false
    }, 'readiness names statement_timeout')
    const name = new URL(database.url).pathname.slice(1)
    await apps[1]?.app.deps.database.pool.query(`ALTER DATABASE ${name} SET statement_timeout = '5s'`)
    await pooler.reconnect()
    await until(async () => (await readiness(app)) === 'ready')
    const codes = [...(await askMany(app, email)), (await me(app.url, { token })).code]
    expect(codes).toEqual(codes.map(() => 'SUCCESS'))
    await loggedIn(app, await verifiedPerson(app))
  })
})
