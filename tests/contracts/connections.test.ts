import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { type TestApp, startTestApp } from '../support/app'
import { makeCertificate } from '../support/certificate'
import { type TestDatabase, createDatabase } from '../support/database'
import { type ServerProcess, startServer, temporaryFolder } from '../support/process'
import { until } from '../support/until'

const folder = temporaryFolder()
const { cert, key } = makeCertificate(folder.path, 'first')
afterAll(() => folder.remove())

const TRANSPORTS: [string, Record<string, string>][] = [
  ['plain TCP', {}],
  ['TLS', { TLS_CERT_FILE: cert, TLS_KEY_FILE: key }],
]

interface Opened {
  /** What HTTP is spoken on. */
  socket: Socket
  /** Ends the connection by a TCP reset. */
  reset: () => void
}

/** A connection that its client leaves open when the server closes its half. */
async function open(url: string): Promise<Opened> {
  const { protocol, hostname, port } = new URL(url)
  const tcp = connect({ host: hostname, port: Number(port), allowHalfOpen: true })
  const socket = protocol === 'https:' ? connectTls({ socket: tcp, rejectUnauthorized: false }) : tcp
  for (const stream of [tcp, socket]) stream.on('error', () => undefined)
  await once(socket, protocol === 'https:' ? 'secureConnect' : 'connect')
  socket.resume()
  return { socket, reset: () => tcp.resetAndDestroy() }
}

/** Each takes the server another way out of answering a request. */
const OPENINGS: [string, string | Buffer][] = [
  ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
  ['CONNECT with bytes behind it', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n' + 'x'.repeat(10_000)],
  ['a WebSocket', 'GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ['HTTP/2 in clear', 'GET /graphql HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['an expectation', 'POST /graphql HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 5\r\n\r\n'],
  ['bytes that are no HTTP', Buffer.from('16030100ff00ff00', 'hex')],
  ['a path that is no text', 'GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['chunks of no size', 'POST /graphql HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n'],
  [
    'half a body',
    'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{"que',
  ],
  ['100 requests at once', 'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(100)],
]

describe.each(TRANSPORTS)('by %s', (_name, env) => {
  let database: TestDatabase
  let server: ServerProcess
  beforeAll(async () => {
    database = await createDatabase()
    server = await startServer({ DATABASE_URL: database.url, ...env })
  })
  afterAll(async () => {
    expect(await server.process.stop()).toEqual({ code: 0, signal: null })
    await database.drop()
  })

  test.each(OPENINGS)('%s and a reset end the connection alone', async (_opening, bytes) => {
    for (let round = 0; round < 30; round += 1) {
      const { socket, reset } = await open(server.url)
      await new Promise((written) => socket.write(bytes, written))
      reset()
    }
    // The last answer comes after all of them were dealt with.
    const { socket: last } = await open(server.url)
    last.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    const [answer] = (await once(last, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /)
    last.destroy()
    expect(server.process.ending).toBeNull()
  })
})

describe.each(TRANSPORTS)('by %s', (_name, env) => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({ env })
  })
  afterAll(() => app.close())

  const held = () =>
    new Promise<number>((resolve, reject) => {
      app.app.server.server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
    })

  test.each([
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'],
    ['bytes that are no HTTP', '\0\r\n\r\n'],
    ['an unknown expectation', 'POST / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\nContent-Length: 5\r\n\r\n'],
  ])('%s that is held open by its client is let go', async (_opening, bytes) => {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => open(app.url)))
    for (const { socket } of sockets) socket.write(bytes)
    await until(async () => (await held()) === 0)
    for (const { socket } of sockets) socket.destroy()
  })

  test('CONNECT is answered before its connection is closed', async () => {
    const { socket } = await open(app.url)
    socket.write('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n' + 'x'.repeat(10_000))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 .*"code":"BAD_REQUEST"/s)
    socket.destroy()
  })

  test('a client that says nothing, or not all, is let go', async () => {
    const silent = connect(app.config.port, '127.0.0.1').on('error', () => undefined)
    const { socket: partial } = await open(app.url)
    partial.write('GET /health/live HTTP/1.1\r\nHost: ')
    await until(async () => (await held()) === 2)
    await until(async () => (await held()) === 0)
    silent.destroy()
    partial.destroy()
  }, 60_000)
})

test('HTTP/1.0 is answered without a Host, as load balancers ask; HTTP/1.1 is not', async () => {
  const app = await startTestApp()
  const status = async (version: string, path = '/health/live') => {
    const { socket } = await open(app.url)
    socket.write(`GET ${path} HTTP/${version}\r\nConnection: close\r\n\r\n`)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    socket.destroy()
    return answer.toString().split(' ')[1]
  }
  expect([await status('1.0'), await status('1.1')]).toEqual(['200', '400'])
  expect(await status('1.0', '/.well-known/jwks.json')).toBe('200')
  await app.close()
})
