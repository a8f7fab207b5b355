import { randomBytes } from 'node:crypto'
import { Client } from 'pg'
import { pino } from 'pino'
import { checkDatabase } from '../../src/commands/checks/database'
import { openDatabase } from '../../src/store/database'
import { applyMigrations } from '../../src/store/migrations'
import { TABLES } from '../../src/store/tables'
import { type TestApp, startTestApp } from '../support/app'
import { call, me } from '../support/client'
import { createDatabase, createEmptyDatabase, databaseUrl } from '../support/database'
import { PASSWORD, loggedIn, verifiedPerson } from '../support/people'
import { until } from '../support/until'

const nameOf = (url: string) => new URL(url).pathname.slice(1)
const unique = () => `e_${randomBytes(6).toString('hex')}`

/** Runs statements as the owner of the server. */
async function asAdmin(url: string, ...statements: string[]): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    for (const statement of statements) await client.query(statement)
  } finally {
    await client.end()
  }
}

async function rows<Row extends object>(url: string, query: string): Promise<Row[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<Row>(query)
  await client.end()
  return rows
}

function withQuery(url: string, query: Record<string, string>): string {
  const changed = new URL(url)
  for (const [name, value] of Object.entries(query)) changed.searchParams.set(name, value)
  return changed.href
}

const readiness = async ({ url }: Pick<TestApp, 'url'>) =>
  ((await (await fetch(`${url}/health/ready`)).json()) as { reason?: string }).reason ?? 'ready'

test.each<[zone: string, name: string, query: Record<string, string>]>([
  ['Asia/Tokyo', 'without options', {}],
  ['America/New_York', 'with options in the URL', { options: '-c search_path=public -c jit=off' }],
])(
  'in a database whose TimeZone is %s, %s, times are what they are meant to be, by both ways of reading',
  async (zone, _name, query) => {
    const database = await createDatabase()
    await asAdmin(database.url, `ALTER DATABASE ${nameOf(database.url)} SET timezone = '${zone}'`)
    const app = await startTestApp({ databaseUrl: withQuery(database.url, query) })
    const { tokens } = await loggedIn(app, await verifiedPerson(app))
    expect((await me(app.url, { token: tokens.accessToken })).status).toBe(200)
    const [session] = await rows<{ life: number }>(
      database.url,
      'SELECT extract(epoch FROM expires_at - clock_timestamp())::int AS life FROM sessions',
    )
    expect(Math.abs((session?.life ?? 0) - app.config.refreshTokenTtl / 1000)).toBeLessThan(60)
    expect(await readiness(app)).toBe('ready')
    await app.close()
    await database.drop()
  },
)

test('options of the URL are in force beside ours, on the pool and while migrating', async () => {
  const database = await createEmptyDatabase()
  await asAdmin(database.url, 'CREATE SCHEMA "my schema"')
  const url = withQuery(database.url, { options: '-c search_path="my\\ schema" --jit=off -c statement_timeout=0' })
  const app = await startTestApp({ databaseUrl: url, databaseTimeouts: 'production' })
  const { rows: found } = await app.app.deps.database.pool.query<{ settings: string }>(
    `SELECT concat_ws(' ', current_schema(), current_setting('jit'), current_setting('statement_timeout'), current_setting('TimeZone')) AS settings`,
  )
  expect(found).toEqual([{ settings: 'my schema off 5s UTC' }])
  expect(await readiness(app)).toBe('ready')
  await app.close()
  await database.drop()
})

describe('one schema for migrations, Prisma and plain SQL', () => {
  test('is the one named like the role, where public is closed to it', async () => {
    const database = await createEmptyDatabase()
    const role = unique()
    await asAdmin(
      database.url,
      `CREATE ROLE ${role} LOGIN PASSWORD 'pw'`,
      `GRANT CREATE ON DATABASE ${nameOf(database.url)} TO ${role}`,
      `REVOKE ALL ON SCHEMA public FROM PUBLIC`,
      `CREATE SCHEMA ${role} AUTHORIZATION ${role}`,
    )
    const url = new URL(database.url)
    url.username = role
    url.password = 'pw'
    const app = await startTestApp({ databaseUrl: url.href })
    await loggedIn(app, await verifiedPerson(app))
    expect(await readiness(app)).toBe('ready')
    const users = "SELECT schemaname FROM pg_tables WHERE tablename = 'users'"
    expect(await rows(database.url, users)).toEqual([{ schemaname: role }])
    await app.close()
    await database.drop()
    await asAdmin(databaseUrl('postgres'), `DROP ROLE ${role}`)
  })

  test.each([
    ['?schema= that it may not create', 'mine', /the role may not create it: it needs CREATE on the database/],
    ['public, closed to it', null, /The role may not create tables in the schema: migrate as the owner/],
  ])('a role that migrates into %s is told what it lacks', async (_name, schema, words) => {
    const database = await createEmptyDatabase()
    const role = unique()
    await asAdmin(
      database.url,
      `CREATE ROLE ${role} LOGIN PASSWORD 'pw'`,
      `REVOKE CREATE ON SCHEMA public FROM PUBLIC`,
      `GRANT USAGE ON SCHEMA public TO ${role}`,
    )
    const url = new URL(withQuery(database.url, schema === null ? {} : { schema }))
    url.username = role
    url.password = 'pw'
    await expect(applyMigrations(url.href, pino({ level: 'silent' }))).rejects.toThrow(words)
    await asAdmin(database.url, `DROP OWNED BY ${role}`)
    await database.drop()
    await asAdmin(databaseUrl('postgres'), `DROP ROLE ${role}`)
  })

  test('is the one that the URL names: two servers in one database work apart', async () => {
    const database = await createEmptyDatabase()
    const [one, two] = await Promise.all(
      ['auth', 'Other one'].map((schema) => startTestApp({ databaseUrl: withQuery(database.url, { schema }) })),
    )
    if (!one || !two) throw new Error('two servers')
    const email = await verifiedPerson(one)
    const { tokens } = await loggedIn(one, email)
    expect((await call(two.url, 'login', { email, password: PASSWORD })).code).toBe('INVALID_CREDENTIALS')
    expect((await call(one.url, 'logout', undefined, { token: tokens.accessToken })).code).toBe('SUCCESS')
    expect((await me(one.url, { token: tokens.accessToken })).code).toBe('UNAUTHENTICATED')
    await loggedIn(two, await verifiedPerson(two))
    expect(await rows(database.url, 'SELECT count(*)::int AS users FROM auth.users')).toEqual([{ users: 1 }])
    expect(await readiness(two)).toBe('ready')
    expect((await checkDatabase(two.config)).filter(({ level }) => level === 'fail')).toEqual([])
    await one.close()
    await two.close()
    await database.drop()
  })
})

describe('a lost connection is an outage, and readiness names its cause', () => {
  /** A role of the test's own, so that what happens to it happens to nobody else. */
  async function startAs(role: string) {
    const database = await createDatabase()
    await asAdmin(database.url, `CREATE ROLE ${role} SUPERUSER LOGIN PASSWORD 'pw'`)
    const url = new URL(database.url)
    url.username = role
    url.password = 'pw'
    const app = await startTestApp({ databaseUrl: url.href, env: { RATE_LIMITS: 'on' } })
    const email = await verifiedPerson(app)
    const { tokens } = await loggedIn(app, email)
    const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${role}'`
    return { database, app, email, token: tokens.accessToken, terminate }
  }

  test.each<[string, string, (name: string, role: string) => string[]]>([
    ['wrong password (28P01)', 'a rotated password', (_name, role) => [`ALTER ROLE ${role} PASSWORD 'other'`]],
    ['the role is not let in (28000)', 'a role that may not log in', (_name, role) => [`ALTER ROLE ${role} NOLOGIN`]],
    ['takes no connections (55000)', 'a closed database', (name) => [`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`]],
  ])('%s: after %s every request answers 503', async (cause, _name, statements) => {
    const role = unique()
    const { database, app, email, token, terminate } = await startAs(role)
    const admin = databaseUrl('postgres')
    await asAdmin(admin, ...statements(nameOf(database.url), role), terminate)
    const answers = await Promise.all([
      call(app.url, 'login', { email, password: PASSWORD }),
      call(app.url, 'requestReset', { email }),
      call(app.url, 'updateProfile', { displayName: 'x' }, { token }),
      me(app.url, { token }),
    ])
    expect(answers.map(({ status, code }) => [status, code])).toEqual(answers.map(() => [503, 'SERVICE_UNAVAILABLE']))
    expect(await readiness(app)).toBe(`database unreachable: ${cause}`)
    await app.close()
    await asAdmin(admin, `ALTER DATABASE ${nameOf(database.url)} ALLOW_CONNECTIONS true`)
    await database.drop()
    await asAdmin(admin, `DROP ROLE ${role}`)
  })

  test('a database that takes no writes is an outage with a cause', async () => {
    const { database, app, email, terminate } = await startAs(unique())
    await asAdmin(database.url, `ALTER DATABASE ${nameOf(database.url)} SET default_transaction_read_only = on`)
    await asAdmin(databaseUrl('postgres'), terminate)
    expect(await call(app.url, 'login', { email, password: PASSWORD })).toMatchObject({ status: 503 })
    expect(await readiness(app)).toBe('the database takes no writes (transaction_read_only)')
    await app.close()
    await database.drop()
  })

  test('a right that is missing is named with its table, and so is a role without any', async () => {
    const database = await createDatabase()
    const role = unique()
    await asAdmin(database.url, `CREATE ROLE ${role} LOGIN PASSWORD 'pw'`)
    const url = new URL(database.url)
    url.username = role
    url.password = 'pw'
    const app = await startTestApp({ databaseUrl: url.href, env: { MIGRATE_ON_START: 'false' } })
    const reasonAfter = async (statement: string) => {
      await asAdmin(database.url, statement)
      return readiness(app)
    }
    const all = 'ON ALL TABLES IN SCHEMA public'
    const ADVICE = ': `gatehouse migrate --grant-to ROLE` by the owner gives it'
    const nothing = await readiness(app)
    expect(nothing).toMatch(/^the role lacks DELETE on every table; INSERT on every table; SELECT on /)
    const logged = () => app.log.filter(({ event }) => event === 'database_unusable').map(({ reason }) => reason)
    expect(logged()).toEqual([nothing])
    expect(await reasonAfter(`GRANT SELECT, UPDATE, DELETE ${all} TO ${role}`)).toBe(
      `the role lacks INSERT on every table${ADVICE}`,
    )
    expect(await reasonAfter(`GRANT INSERT ${all} TO ${role}`)).not.toMatch(/^the role lacks/)
    await until(async () => (await readiness(app)) === 'ready')
    expect(await reasonAfter(`REVOKE UPDATE, DELETE ON mails, sessions FROM ${role}`)).toBe(
      `the role lacks DELETE on sessions, mails; UPDATE on sessions, mails${ADVICE}`,
    )
    expect((await checkDatabase(app.config)).filter(({ level }) => level === 'fail')).toEqual([
      expect.objectContaining({ found: await readiness(app) }),
    ])
    const tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'"
    const existing = await rows<{ tablename: string }>(database.url, tables)
    expect(existing.map(({ tablename }) => tablename).sort()).toEqual([...TABLES].sort())
    await app.close()
    await asAdmin(database.url, `DROP OWNED BY ${role}`)
    await database.drop()
    await asAdmin(databaseUrl('postgres'), `DROP ROLE ${role}`)
  })
})

test('a pool that is being closed does not report that the server ends its connections', async () => {
  const reported: Error[] = []
  const database = openDatabase({
    ...{ url: databaseUrl('postgres'), poolSize: 1 },
    onIdleError: (error) => reported.push(error),
  })
  const client = await database.pool.connect()
  client.release()
  const closed = database.close()
  client.emit('error', new Error('terminating connection due to administrator command'))
  await closed
  expect(reported).toEqual([])
})

test('the pool of a database that is away gives an outage, whatever the cause', async () => {
  const database = openDatabase({ url: databaseUrl('no_such_database'), poolSize: 1, onIdleError: () => undefined })
  const error: unknown = await database.prisma.user.count().catch((problem: unknown) => problem)
  expect(error).toMatchObject({ name: 'Error', message: 'No connection to the database', cause: { code: '3D000' } })
  await database.close()
})
