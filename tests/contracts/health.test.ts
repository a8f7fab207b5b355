import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { Client } from 'pg'
import { type TestApp, startTestApp } from '../support/app'
import { call } from '../support/client'
import { createDatabase, createEmptyDatabase, databaseUrl } from '../support/database'
import { BY_TLS, PRODUCTION } from '../support/production'
import { until } from '../support/until'

const ready = async ({ url }: Pick<TestApp, 'url'>) => {
  const response = await fetch(`${url}/health/ready`)
  return [response.status, await response.json()]
}
const live = async ({ url }: Pick<TestApp, 'url'>) => (await fetch(`${url}/health/live`)).status

async function asAdmin(statement: string): Promise<void> {
  const admin = new Client({ connectionString: databaseUrl('postgres') })
  await admin.connect()
  await admin.query(statement)
  await admin.end()
}

test('ready and live while everything is there', async () => {
  const app = await startTestApp()
  expect(await ready(app)).toEqual([200, { status: 'ok' }])
  expect(await live(app)).toBe(200)
  await app.close()
})

test('without its database it lives, and is not ready; once that is back it is ready again', async () => {
  const database = await createDatabase()
  const name = new URL(database.url).pathname.slice(1)
  const app = await startTestApp({ databaseUrl: database.url })
  await asAdmin(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`)
  await asAdmin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`)
  // The connections that are open end one after the other: until then readiness may meet one that still answers, or breaks.
  await until(async () => JSON.stringify(await ready(app)).includes('takes no connections'))
  expect(await ready(app)).toEqual([
    503,
    { status: 'unavailable', reason: 'database unreachable: takes no connections (55000)' },
  ])
  expect(await live(app)).toBe(200)
  await asAdmin(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`)
  expect(await ready(app)).toEqual([200, { status: 'ok' }])
  await app.close()
  await database.drop()
})

test('it is not ready while migrations are pending', async () => {
  const database = await createEmptyDatabase()
  const app = await startTestApp({ databaseUrl: database.url, env: { MIGRATE_ON_START: 'false' } })
  expect(await ready(app)).toEqual([503, { status: 'unavailable', reason: 'migrations pending' }])
  expect(await live(app)).toBe(200)
  await app.close()
  await database.drop()
})

test('while it stops, a request that still reaches it hears so', async () => {
  const app = await startTestApp()
  const arrived = once(app.app.server.server, 'connection') as Promise<[Socket]>
  const socket = connect(app.config.port, '127.0.0.1')
  const answer = new Promise<string>((resolve) => {
    let text = ''
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
    socket.on('close', () => resolve(text))
  })
  // The head of a request is half there when the server begins to stop: it is under way, and may finish.
  socket.write('GET /health/ready HTTP/1.1\r\nHost: localhost\r\n')
  const [received] = await arrived
  while (received.bytesRead === 0) await new Promise((done) => setImmediate(done))
  const closed = app.close()
  socket.write('\r\n')
  expect(await answer).toMatch(/^HTTP\/1\.1 503 .*"reason":"stopping"/s)
  await closed
})

test('while it drains it says so and keeps no connection, but takes and answers what comes', async () => {
  const app = await startTestApp({ env: { SHUTDOWN_DRAIN: '10m' } })
  const drained = app.app.drain()
  const answer = await fetch(`${app.url}/health/ready`)
  expect([answer.status, await answer.json()]).toEqual([503, { status: 'unavailable', reason: 'stopping' }])
  for (const path of ['/health/live', '/graphql?query={__typename}', '/nowhere', '/verify-email']) {
    const { status, headers } = await fetch(app.url + path, { headers: { 'apollo-require-preflight': '1' } })
    expect([path, status, headers.get('connection')]).toEqual([path, path === '/nowhere' ? 404 : 200, 'close'])
  }
  await app.close()
  await drained
  await expect(live(app)).rejects.toThrow()
})

describe('/metrics', () => {
  const TOKEN = 'a token of sixteen characters or more'
  const metrics = async (app: TestApp, headers: Record<string, string> = {}) => {
    const response = await fetch(`${app.url}/metrics`, { headers })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  test('in development anyone reads them, as Prometheus text', async () => {
    const app = await startTestApp()
    await call(app.url, 'updateProfile', { displayName: 'Nobody' })
    const { status, text, headers } = await metrics(app)
    await app.close()
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4; charset=utf-8$/)
    expect(text).toMatch(/^# TYPE gatehouse_http_request_duration_seconds histogram$/m)
    // Strangers who call what needs a viewer are no error, on which operators alert.
    expect(text).toMatch(/^gatehouse_operations_total\{field="updateProfile",outcome="UNAUTHENTICATED"\} 1$/m)
    expect(text).toMatch(/^gatehouse_database_connections\{state="idle"\} [1-9]/m)
  })

  test('in production without a token they do not exist', async () => {
    const app = await startTestApp({ env: PRODUCTION })
    expect((await metrics(app, BY_TLS)).status).toBe(404)
    expect((await metrics(app, { ...BY_TLS, authorization: 'Bearer null' })).status).toBe(404)
    await app.close()
  })

  test.each([
    ['development', {}],
    ['production', PRODUCTION],
  ])('in %s with a token, its bearer alone reads them', async (_name, env) => {
    const app = await startTestApp({ env: { ...env, METRICS_TOKEN: TOKEN } })
    const wrong = ['', 'Bearer', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(0, -1)}`, TOKEN]
    for (const authorization of wrong) {
      const refused = await metrics(app, { ...BY_TLS, authorization })
      expect([authorization, refused.status]).toEqual([authorization, 401])
      expect(refused.headers.get('www-authenticate')).toBe('Bearer')
      expect(refused.text).toContain('UNAUTHENTICATED')
    }
    const read = await metrics(app, { ...BY_TLS, authorization: `Bearer ${TOKEN}` })
    expect([read.status, read.text]).toEqual([200, expect.stringContaining('gatehouse_hash_waiting')])
    await app.close()
  })
})
