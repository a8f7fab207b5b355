import { type TestApp, startTestApp } from '../support/app'
import { post } from '../support/client'
import { exchange, request } from '../support/raw'

/** Nothing tells that this server is meant for people: NODE_ENV is missing, as it is after a mistake. */
const FORGOTTEN = { HOST: '0.0.0.0', PUBLIC_URL: 'https://auth.example.com' }

/** What development tools answer by, with the status that a server without them gives. */
const TOOLS: [string, (url: string) => Promise<{ status: number; body: string }>, number, RegExp][] = [
  ['the page of the inbox', (url) => read(url, '/dev/inbox'), 404, /<html/],
  ['the inbox by query', (url) => query(url, '{ devInbox(to: "a@example.com") { token } }'), 400, /"devInbox":\[\]/],
  ['the schema by introspection', (url) => query(url, '{ __schema { types { name } } }'), 400, /"RegisterInput"/],
  ['the metrics', (url) => read(url, '/metrics'), 404, /gatehouse_/],
  ['Apollo Sandbox', (url) => read(url, '/graphql', { Accept: 'text/html' }), 400, /apollographql\.com/],
]

const read = (url: string, path: string, headers: Record<string, string> = {}) =>
  exchange(url, request(`GET ${path}`, { Host: 'localhost', ...headers }))

async function query(url: string, text: string) {
  const answer = await post(url, { query: text })
  return { status: answer.status, body: await answer.text() }
}

/** The address to call: 0.0.0.0 is none. */
const local = ({ url }: TestApp) => url.replace('0.0.0.0', '127.0.0.1')

describe('a server that other machines may reach', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({ env: FORGOTTEN })
  })
  afterAll(() => app.close())

  test.each(TOOLS)('shows nobody %s', async (_tool, ask, status, marker) => {
    const answer = await ask(local(app))
    expect(answer.status).toBe(status)
    expect(answer.body).not.toMatch(marker)
  })

  test('answers no script of a page on localhost', async () => {
    const answer = await read(local(app), '/api/auth/me', { Origin: 'http://localhost:3000' })
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
  })

  test('answers whatever host it is called by', async () => {
    const answer = await read(local(app), '/.well-known/jwks.json', { Host: 'auth.internal' })
    expect(answer.status).toBe(200)
  })
})

describe('DEV_TOOLS=on', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({ env: { ...FORGOTTEN, DEV_TOOLS: 'on', SMTP_URL: '' } })
  })
  afterAll(() => app.close())

  test.each(TOOLS)('shows %s', async (_tool, ask, _status, marker) => {
    const answer = await ask(local(app))
    expect(answer.status).toBe(200)
    expect(answer.body).toMatch(marker)
  })

  test.each([
    'localhost',
    'LOCALHOST:1',
    '127.0.0.1:4000',
    '127.1.2.3',
    '[::1]:4000',
    'app.localhost',
    'auth.example.com',
  ])('the host %s is answered', async (host) => {
    expect((await read(local(app), '/dev/inbox', { Host: host })).status).toBe(200)
  })

  test.each(['evil.example', 'auth.example.com.evil.example', '192.0.2.1', '0.0.0.0:4000', 'localhost.evil.example'])(
    'the host %s, which a web page may make to resolve here, is refused in words',
    async (host) => {
      for (const path of ['/dev/inbox', '/graphql', '/metrics', '/api/auth/me', '/nothing']) {
        const answer = await read(local(app), path, { Host: host })
        expect([path, answer.status]).toEqual([path, 421])
        expect(answer.body).toContain('only localhost and the host of PUBLIC_URL (auth.example.com) are answered')
      }
    },
  )

  test('a health probe may name any host', async () => {
    for (const path of ['/health/live', '/health/ready']) {
      expect((await read(local(app), path, { Host: '10.1.2.3:4000' })).status).toBe(200)
    }
  })
})
