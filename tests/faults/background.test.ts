import { Client } from 'pg'
import { startApp } from '../../src/app'
import { freePort } from '../../src/lib/freePort'
import { createLogger } from '../../src/ops/logger'
import { pendingMigrations } from '../../src/store/migrations'
import { type TestApp, startTestApp } from '../support/app'
import { me } from '../support/client'
import { type TestDatabase, createDatabase } from '../support/database'
import { signedIn } from '../support/people'
import { TcpProxy } from '../support/tcpProxy'
import { until } from '../support/until'

let database: TestDatabase
let proxy: TcpProxy
let app: TestApp
let admin: Client

beforeAll(async () => {
  database = await createDatabase()
  proxy = await TcpProxy.start(database.url)
  app = await startTestApp({ databaseUrl: proxy.url })
  admin = new Client({ connectionString: database.url })
  await admin.connect()
})
afterAll(async () => {
  await app.close()
  await proxy.cut()
  await admin.end()
  await database.drop()
})

const logged = (event: string) => until(() => Promise.resolve(app.log.find((line) => line.event === event)))
const publishedKeys = async () => {
  const { keys } = (await (await fetch(`${app.url}/.well-known/jwks.json`)).json()) as { keys: unknown[] }
  return keys.length
}

test('signing keys that moved on and cannot be read are read again, and the present ones serve until then', async () => {
  const { tokens } = await signedIn(app)
  const before = await publishedKeys()
  await admin.query('ALTER TABLE signing_keys RENAME TO signing_keys_away')
  await admin.query("UPDATE signing_keys_away SET verifies_until = '2000-01-01' WHERE signs_from > now()")
  await admin.query("NOTIFY gatehouse, 'keys'")
  await logged('signing_keys_waiting')
  expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
  expect(await publishedKeys()).toBe(before)

  await admin.query('ALTER TABLE signing_keys_away RENAME TO signing_keys')
  await until(async () => (await publishedKeys()) === before - 1)
  expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
})

test('a server with another SECRET than its database does not start, and says what to give it', async () => {
  const config = {
    ...app.config,
    secret: 'quite another secret, which is long enough',
    port: await freePort('127.0.0.1'),
  }
  const start = startApp({ config, logger: createLogger({ level: 'silent', pretty: false }) })
  await expect(start).rejects.toThrow(/SECRET does not open the signing keys of this database/)
})

test('a fault of ours is a 500 with a reference and without insides, and the log has them', async () => {
  await admin.query('ALTER TABLE mails RENAME TO mails_away')
  const answer = await fetch(`${app.url}/metrics`)
  const body = (await answer.json()) as { error: { code: string; requestId: string } }
  await admin.query('ALTER TABLE mails_away RENAME TO mails')
  expect([answer.status, body.error.code]).toEqual([500, 'INTERNAL_SERVER_ERROR'])
  expect(JSON.stringify(body)).not.toMatch(/mails|prisma|P2021/i)
  expect(await logged('request_failed')).toMatchObject({ requestId: body.error.requestId, level: 'error' })
})

test('a database that cannot be asked for its migrations is not taken for an empty one', async () => {
  const client = new Client({ connectionString: database.url })
  await client.connect()
  await client.end()
  await expect(pendingMigrations(client)).rejects.toThrow(/closed|not queryable/i)
})

test('while the database is away the metrics keep what they knew of it, and say that changes are not heard', async () => {
  const gauge = async (name: string) => {
    const text = await (await fetch(`${app.url}/metrics`)).text()
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1])
  }
  await admin.query(
    `INSERT INTO mails (id, name, recipient, locale, created_at, expires_at)
     VALUES (gen_random_uuid(), 'passwordChanged', 'ada@example.com', 'en', now(), now() + interval '1 hour')`,
  )
  expect(await gauge('gatehouse_mails_waiting')).toBe(1)
  expect(await gauge('gatehouse_change_listener_up')).toBe(1)
  await proxy.cut()
  expect(await gauge('gatehouse_mails_waiting')).toBe(1)
  expect(await gauge('gatehouse_change_listener_up')).toBe(0)
  await proxy.mend()
})
