import { once } from 'node:events'
import { type AddressInfo, type Socket, createServer } from 'node:net'
import { setImmediate } from 'node:timers/promises'
import { Client } from 'pg'
import { type Notification, NotificationListener } from '../../src/store/notificationListener'
import { readDatabaseUrl } from '../../src/store/connection'
import { type TestDatabase, createDatabase } from '../support/database'
import { Watched } from '../support/smtp'
import { TcpProxy } from '../support/tcpProxy'
import { until } from '../support/until'

/** What a listener tells, to wait for. */
class Heard extends Watched {
  readonly notifications: Notification[] = []
  readonly errors: unknown[] = []
  begun = 0

  notification(notification: Notification): void {
    this.notifications.push(notification)
    this.wake()
  }
  error(error: unknown): void {
    this.errors.push(error)
    this.wake()
  }
  listening(): void {
    this.begun += 1
    this.wake()
  }
}

let database: TestDatabase
let teller: Client
let heard: Heard
const listeners: NotificationListener[] = []

beforeAll(async () => {
  database = await createDatabase()
  teller = new Client({ connectionString: database.url })
  await teller.connect()
})
afterAll(async () => {
  await teller.end()
  await database.drop()
})
beforeEach(() => (heard = new Heard()))
afterEach(async () => {
  for (const listener of listeners.splice(0)) await listener.close()
})

function listen(url = database.url, notify = tell): NotificationListener {
  const listener = new NotificationListener({
    target: readDatabaseUrl(url),
    notify,
    onError: (error) => heard.error(error),
  })
  listener.subscribe({
    onNotification: (notification) => heard.notification(notification),
    onListening: () => heard.listening(),
  })
  listeners.push(listener)
  return listener
}

const tell = (payload: string): Promise<unknown> => teller.query("SELECT pg_notify('gatehouse', $1)", [payload])
const connections = async () => {
  const { rowCount } = await teller.query(
    "SELECT 1 FROM pg_stat_activity WHERE application_name = 'gatehouse listener' AND datname = current_database()",
  )
  return rowCount
}

/** Connections that there ever were: the server counts them when they come to rest or end. */
const sessionsSoFar = async () => {
  const { rows } = await teller.query<{ sessions: string }>(
    'SELECT sessions FROM pg_stat_database WHERE datname = current_database()',
  )
  return Number(rows[0]?.sessions)
}

test('what it does not know, as a newer release may send, is passed over, and what follows is heard', async () => {
  const listener = listen()
  await heard.until(() => heard.begun === 1 || undefined)
  expect(listener.isListening()).toBe(true)
  for (const payload of ['', 'session', 'role:1', 'session:1', 'user:2', 'keys']) await tell(payload)
  await heard.until(() => heard.notifications.length === 3 || undefined)
  expect(heard.notifications).toEqual([{ kind: 'session', id: '1' }, { kind: 'user', id: '2' }, { kind: 'keys' }])
})

test('one that is closed while it connects begins nothing and leaves no connection', async () => {
  await until(async () => (await connections()) === 0)
  const before = await sessionsSoFar()
  const listener = listen()
  await listener.close()
  await until(async () => (await sessionsSoFar()) > before)
  await until(async () => (await connections()) === 0)
  expect([heard.begun, heard.errors, listener.isListening()]).toEqual([0, [], false])
})

test('closing a listener reports no error', async () => {
  const listener = listen()
  await heard.until(() => heard.begun === 1 || undefined)
  await listener.close()
  await until(async () => (await connections()) === 0)
  expect([heard.errors, listener.isListening()]).toEqual([[], false])
})

test('one that loses its connection is not believed until it listens again, and says so', async () => {
  const proxy = await TcpProxy.start(database.url)
  const listener = listen(proxy.url)
  await heard.until(() => heard.begun === 1 || undefined)
  await proxy.cut()
  await heard.until(() => heard.errors.length > 0 || undefined)
  expect(listener.isListening()).toBe(false)
  await proxy.mend()
  await heard.until(() => heard.begun === 2 || undefined)
  await tell('keys')
  await heard.until(() => heard.notifications.length === 1 || undefined)
  await listener.close()
  await proxy.cut()
})

test('one that is closed before its attempt failed makes no other, and reports nothing', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connection = once(server, 'connection') as Promise<[Socket]>
  const setTimer = jest.spyOn(globalThis, 'setTimeout')
  const connect = jest.spyOn(Client.prototype, 'connect')
  const listener = listen(`postgresql://x:x@127.0.0.1:${port}/x`)
  const [socket] = await connection
  await listener.close()
  setTimer.mockClear()
  socket.destroy()
  await expect(connect.mock.results[0]?.value).rejects.toThrow()
  await setImmediate() // what waited for the attempt has gone on
  expect(setTimer).not.toHaveBeenCalled()
  expect(heard.errors).toEqual([])
  setTimer.mockRestore()
  connect.mockRestore()
  server.close()
  await once(server, 'close')
})

test('one whose heartbeats do not arrive listens at no time, though its connection answers', async () => {
  const silent = listen(database.url, () => Promise.resolve())
  await heard.until(() => heard.errors.length > 0 || undefined)
  expect([silent.isListening(), heard.begun]).toEqual([false, 0])
  expect(heard.errors[0]).toMatchObject({ code: 'LISTENER_SILENT' })
})

test('one whose heartbeats cannot be sent is not believed, and listens once one arrives', async () => {
  let failing = true
  const sent: string[] = []
  const listener = listen(database.url, (payload) => {
    sent.push(payload)
    return failing ? Promise.reject(new Error('no connection')) : tell(payload)
  })
  await until(() => Promise.resolve(sent.length > 0))
  expect(listener.isListening()).toBe(false)
  failing = false
  await heard.until(() => heard.begun === 1 || undefined)
  expect([listener.isListening(), heard.errors]).toEqual([true, []])
})

test("another instance's heartbeats prove nothing", async () => {
  const own: string[] = []
  const listener = listen(database.url, (payload) => Promise.resolve(own.push(payload)))
  const other = listen()
  await until(() => Promise.resolve(other.isListening()))
  await tell('heartbeat:another:1')
  await tell('keys')
  await heard.until(() => heard.notifications.length === 2 || undefined) // both hear what is no heartbeat
  expect(listener.isListening()).toBe(false)
})
