import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { type ClientOptions, type TokenStorage, createClient, memoryStorage } from '@gatehouse/client'
import { build } from 'esbuild'
import { type TestApp, startTestApp } from '../support/app'
import { PASSWORD, verifiedPerson } from '../support/people'

const CLIENT = join(__dirname, '../../packages/client')
let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

/** A fetch that counts what is sent, and may answer instead of the server. */
function watched(instead: (document: string) => Response | Error | null = () => null) {
  const sent: string[] = []
  const run: typeof fetch = async (input, init) => {
    const { query } = JSON.parse(typeof init?.body === 'string' ? init.body : '{}') as { query: string }
    sent.push(/^\w+ (\w+)/.exec(query)?.[1] ?? '')
    const answer = instead(query)
    if (answer instanceof Error) throw answer
    return answer ?? fetch(input, init)
  }
  return { sent, run, times: (name: string) => sent.filter((one) => one === name).length }
}

async function signedInClient(options: Partial<ClientOptions> = {}) {
  const email = await verifiedPerson(app)
  const auth = createClient({ url: app.url, transport: 'BODY', ...options })
  const result = await auth.login({ email, password: PASSWORD })
  expect(result.__typename).toBe('LoginSuccess')
  return { auth, email }
}

test('a login tells the user and the token, and what goes wrong is a member of the union', async () => {
  const { auth, email } = await signedInClient()
  expect(auth.state).toMatchObject({ status: 'signedIn', user: { email } })
  expect(await auth.me()).toMatchObject({ email, sessions: [{ current: true }] })
  const refused = await auth.login({ email, password: 'another one' })
  expect(refused).toMatchObject({ __typename: 'InvalidCredentialsError', code: 'INVALID_CREDENTIALS' })
  expect(auth.state.status).toBe('signedIn')
})

test('fifty refreshes at once are one request', async () => {
  const { run, times } = watched()
  const { auth } = await signedInClient({ fetch: run })
  await Promise.all(Array.from({ length: 50 }, () => auth.refresh()))
  expect(times('RefreshSession')).toBe(1)
})

test('a refused access token costs one refresh and one repetition, for fifty calls as for one', async () => {
  const refused = new Set<string>()
  let broken = ''
  const { sent, run, times } = watched()
  const breaking: typeof fetch = (input, init) => {
    const headers = { ...(init?.headers as Record<string, string>) }
    if (headers.authorization === `Bearer ${broken}`) {
      refused.add(headers.authorization)
      headers.authorization += 'x'
    }
    return run(input, { ...init, headers })
  }
  const { auth, email } = await signedInClient({ fetch: breaking })
  broken = (await auth.token()) ?? ''
  const users = await Promise.all(Array.from({ length: 50 }, () => auth.me()))
  expect(users.map((user) => user?.email)).toEqual(Array(50).fill(email))
  expect([refused.size, times('RefreshSession'), sent.length <= 102]).toEqual([1, 1, true])
})

test.each([
  ['a dead network', () => new TypeError('fetch failed')],
  ['a page of a proxy', () => new Response('<h1>502 Bad Gateway</h1>', { status: 502 })],
  ['a proxy that answers JSON of its own', () => new Response('{"message":"busy"}', { status: 429 })],
  [
    'a server without a database',
    () =>
      Response.json({ errors: [{ message: 'later', extensions: { code: 'SERVICE_UNAVAILABLE' } }] }, { status: 503 }),
  ],
  [
    'a spent budget',
    () =>
      Response.json({
        data: { refreshSession: { __typename: 'RateLimitedError', code: 'RATE_LIMITED', message: '', retryAfter: 7 } },
      }),
  ],
])('%s keeps the session: the refresh rejects, and the next one succeeds', async (_, answer) => {
  let down = false
  const { run } = watched((document) => (down && document.includes('RefreshSession') ? answer() : null))
  const { auth } = await signedInClient({ fetch: run })
  const before = auth.state
  down = true
  await expect(auth.refresh()).rejects.toMatchObject({ name: 'GatehouseError' })
  expect(auth.state).toBe(before)
  down = false
  expect(await auth.refresh()).toMatchObject({ status: 'signedIn' })
})

test('a session that the server has ended is signed out at the next call', async () => {
  const { auth } = await signedInClient()
  const other = createClient({ url: app.url, transport: 'BODY', storage: memoryStorage('A'.repeat(43)) })
  expect((await other.refresh()).status).toBe('signedOut')
  const heard = new Promise((resolve) => auth.subscribe(({ status }) => resolve(status)))
  await app.app.deps.database.pool.query('UPDATE sessions SET revoked_at = now()')
  expect(await auth.refresh()).toEqual({ status: 'signedOut' })
  expect(await heard).toBe('signedOut')
  expect(await auth.token()).toBeNull()
})

test('the new refresh token is stored before the refresh resolves; a failed write loses no session', async () => {
  const written: string[] = []
  let stored: string | null = null
  let full = false
  const storage: TokenStorage = {
    get: () => stored,
    set: async (token) => {
      await Promise.resolve()
      if (full) throw new Error('The store is full')
      written.push((stored = token))
    },
    remove: () => void (stored = null),
  }
  const { auth } = await signedInClient({ storage })
  await auth.refresh()
  expect([written.length, stored]).toEqual([2, written[1]])
  full = true
  await auth.refresh()
  app.clock.pass(60_000) // the grace for the replaced token is over: only the unwritten one counts
  full = false
  expect((await auth.refresh()).status).toBe('signedIn')
  expect(written.length).toBe(3)
  await auth.signOut()
  expect([auth.state.status, stored]).toEqual(['signedOut', null])
})

test('a clock that is wrong by two days causes no refresh before each call', async () => {
  const { run, times } = watched()
  const real = Date.now
  const { auth } = await signedInClient()
  const token = await auth.token()
  expect(token).not.toBeNull()
  jest.spyOn(Date, 'now').mockImplementation(() => real() + 172_800_000)
  try {
    const { auth: ahead } = await signedInClient({ fetch: run })
    for (let call = 0; call < 5; call += 1) await ahead.me()
    expect(times('RefreshSession')).toBe(0)
  } finally {
    jest.restoreAllMocks()
  }
})

test('a listener that throws harms no other, and none is called after it has left', async () => {
  const { auth } = await signedInClient()
  const failing = jest.spyOn(console, 'error').mockImplementation(() => undefined)
  const heard: string[] = []
  auth.subscribe(() => {
    throw new Error('of the app')
  })
  const leave = auth.subscribe(({ status }) => void heard.push(status))
  await auth.refresh()
  await auth.me()
  leave()
  await auth.signOut()
  expect(new Set(heard)).toEqual(new Set(['signedIn']))
  expect(failing).toHaveBeenCalled()
  failing.mockRestore()
})

test.each([
  ['createCore', 3_000],
  ['createClient', 6_000],
])('%s stays within its size in an app: %i bytes, minified and compressed', async (name, budget) => {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${name} } from '@gatehouse/client'`, resolveDir: __dirname },
    ...{ bundle: true, minify: true, format: 'esm', target: 'es2022', write: false },
  })
  expect(gzipSync(outputFiles[0]?.contents ?? '').length).toBeLessThan(budget)
})

test('the bundle runs in an engine that has fetch and nothing else of a platform', async () => {
  const email = await verifiedPerson(app)
  const module = { exports: {} }
  const context = createContext({ module, fetch, url: app.url, input: { email, password: PASSWORD } })
  runInContext(readFileSync(join(CLIENT, 'dist/index.cjs'), 'utf8'), context)
  const script = `(async () => {
    const auth = module.exports.createClient({ url, transport: 'BODY' })
    await auth.login(input)
    await auth.refresh()
    return [auth.state.status, (await auth.me()).email]
  })()`
  expect([...((await runInContext(script, context)) as string[])]).toEqual(['signedIn', email])
})

test('the package has the version of the server', () => {
  const versionOf = (path: string) => (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
  expect(versionOf(join(CLIENT, 'package.json'))).toBe(versionOf(join(CLIENT, '../../package.json')))
})
