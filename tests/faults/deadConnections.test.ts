import { startTestApp } from '../support/app'
import { call, me } from '../support/client'
import { createDatabase } from '../support/database'
import { loggedIn, verifiedPerson } from '../support/people'
import { TcpProxy } from '../support/tcpProxy'
import { until } from '../support/until'

test('of idle connections that a failover left dead, one costs a request: the others are replaced', async () => {
  const database = await createDatabase()
  const network = await TcpProxy.start(database.url)
  const app = await startTestApp({
    databaseUrl: network.url,
    databaseTimeouts: 'production',
    env: { DATABASE_POOL: '8' },
    periodic: false,
  })
  const { accessToken: token } = (await loggedIn(app, await verifiedPerson(app))).tokens
  const write = () => call(app.url, 'updateProfile', { displayName: String(Math.random()) }, { token })
  const { pool } = app.app.deps.database
  const held = await Promise.all(Array.from({ length: 8 }, () => pool.connect()))
  for (const client of held) client.release()
  await until(() => pool.idleCount === 8) // the outbox is polled in between

  network.freeze('gatehouse\0') // new connections pass
  const codes: string[] = []
  for (let request = 0; request < 12; request += 1) codes.push((await write()).code)
  expect(codes.slice(1)).toEqual(Array.from({ length: 11 }, () => 'SUCCESS'))
  expect(['SUCCESS', 'SERVICE_UNAVAILABLE']).toContain(codes[0])
  expect((await me(app.url, { token })).code).toBe('SUCCESS')
  await app.close()
  await network.cut()
  await database.drop()
})
