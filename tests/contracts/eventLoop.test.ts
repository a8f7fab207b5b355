import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { type TestApp, startTestApp } from '../support/app'
import { documentOf } from '../support/client'
import { request } from '../support/raw'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

/** Milliseconds of the answering thread that one request may cost: all others wait as long. */
const LIMIT = 100
/** What is costly is so every time; compiling and a collection of garbage are not. So the best of several counts. */
const TRIES = 5
const BODY = 99_000

const graphql = (body: unknown) => jsonPost('/graphql', typeof body === 'string' ? body : JSON.stringify(body))
const jsonPost = (path: string, body: string) =>
  request(`POST ${path}`, { 'Content-Type': 'application/json', 'X-Forwarded-For': '203.0.113.1' }, body)
const repeat = (text: string, bytes = BODY) => text.repeat(Math.floor(bytes / text.length))
const times = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => write(i)).join(' ')
const login = (email: unknown, password: unknown = 'x', more = {}) =>
  graphql({ query: documentOf('login'), variables: { input: { email, password, ...more } } })
const register = (password: string) =>
  graphql({ query: documentOf('register'), variables: { input: { email: 'a@example.com', password } } })
const doubling = `{ ...f0 } ${times(25, (i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`)} fragment f25 on Query { __typename }`
const overlapping = `{ me { ${times(12, (i) => `...a${i}`)} } } ${times(12, (i) => `fragment a${i} on User { ${times(12, (j) => `x${j}: id`)} }`)}`

/** The worst that is known: 100 kB of each kind, as a stranger can send them. */
const HOSTILE: [string, () => string][] = [
  ['25 doubling fragments', () => graphql({ query: doubling })],
  ['fragments that overlap', () => graphql({ query: overlapping })],
  ['a document of 33,000 tokens', () => graphql({ query: `{ ${repeat('a ')} }` })],
  [
    '1,000 aliased logins',
    () =>
      graphql({
        query: `mutation { ${times(1_000, (i) => `a${i}: login(input: { email: "a", password: "b" }) { __typename }`)} }`,
      }),
  ],
  ['1,000 unknown fields', () => graphql({ query: `{ ${times(480, (i) => `passwordPolisy${i}`)} }` })],
  ['brackets in a document', () => graphql({ query: `{ a(x: ${repeat('[')}) }` })],
  ['a comment of 99 kB', () => graphql({ query: `#${repeat('x')}` })],
  ['a name of 99 kB', () => graphql({ query: `{ ${repeat('x')} }` })],
  ['a string of 99 kB', () => graphql({ query: `{ __type(name: "${repeat('x')}") { name } }` })],
  [
    'a block string of blank lines',
    () => graphql({ query: `{ __type(name: """${repeat(' \\n', 49_000)}""") { name } }` }),
  ],
  [
    'nested JSON arrays',
    () => graphql(`{"query":"{__typename}","variables":{"a":${repeat('[', 49_000)}${repeat(']', 49_000)}}}`),
  ],
  [
    'nested JSON objects',
    () => graphql(`{"query":"{__typename}","variables":{"a":${repeat('{"a":', 80_000)}1${'}'.repeat(16_000)}}}`),
  ],
  [
    'nested JSON with a key of a prototype',
    () => graphql(`{"a":${repeat('{"__proto_":', 80_000)}1${'}'.repeat(7_000)},"\\u005f_proto__":1}`),
  ],
  ['30,000 JSON keys', () => graphql(`{${times(9_000, (i) => `"k${i}":1,`)}"query":"{__typename}"}`)],
  ['broken JSON', () => graphql(repeat('['))],
  [
    'nested arrays for an address',
    () => jsonPost('/api/auth/login', `{"email":${repeat('[', 49_000)}${repeat(']', 49_000)},"password":"x"}`),
  ],
  ['suggestions repeated for a value', () => login([repeat(' Did you mean ')])],
  ['suggestions repeated for an enum', () => login('a@example.com', 'x', { transport: repeat(' Did you mean ') })],
  ['quotations repeated for a value', () => login([repeat(' got invalid value ')])],
  ['paths repeated for a value', () => login([repeat(' at "input', 80_000)])],
  ['an address of 99 kB', () => login(repeat('a@'))],
  ['an address of dots', () => login(`a@${repeat('a.')}`)],
  ['an address of blanks', () => login(`${repeat(' ')}a`)],
  ['an address of wide letters', () => login(`a@${repeat('ｗ', 30_000)}.example`)],
  ['a password of 99 kB', () => login('a@example.com', repeat('x'))],
  ['a password of combining marks', () => login('a@example.com', `e${repeat('\u0301\u0323', 49_000)}`)],
  [
    'a display name of combining marks',
    () =>
      jsonPost(
        '/api/auth/register',
        JSON.stringify({ email: 'a@example.com', password: 'x', displayName: `e${repeat('\u0301\u0323', 49_000)}` }),
      ),
  ],
  ['an address of combining marks', () => login(`a@e${repeat('\u0301\u0323', 49_000)}.example`)],
  ['a password that is hard to estimate', () => register('tH1$1s4Pa55w0rd@'.repeat(8))],
  ['a password of years', () => register(repeat('20261122', 128))],
  [
    'a display name of marks',
    () =>
      jsonPost(
        '/api/auth/register',
        JSON.stringify({ email: 'a@example.com', password: 'x', displayName: repeat('\u202e', 30_000) }),
      ),
  ],
  ['a header of 15 kB', () => request('GET /api/auth/me', { 'Accept-Language': repeat('a-', 15_000) })],
  ['languages', () => request('GET /api/auth/me', { 'Accept-Language': repeat('x;q=0.1,', 15_000) })],
  ['a bearer token of 15 kB', () => request('GET /api/auth/me', { Authorization: `Bearer ${repeat('a.', 15_000)}` })],
  ['a bearer token of blanks', () => request('GET /api/auth/me', { Authorization: `Bearer ${' '.repeat(14_000)}x y` })],
  ['cookies', () => request('GET /api/auth/me', { Cookie: repeat('a=b; ', 15_000) })],
  ['hops', () => request('GET /api/auth/me', { 'X-Forwarded-For': repeat('1.1.1.1,', 15_000) })],
  ['a user agent of controls', () => request('GET /api/auth/me', { 'User-Agent': repeat('\t', 15_000) })],
  ['a path of 15 kB', () => request(`GET /${repeat('%41/', 15_000)}`)],
  ['tags', () => request('GET /.well-known/jwks.json', { 'If-None-Match': repeat('W/"a",', 15_000) })],
]

/** Sends it as bytes made beforehand, so that what is measured is the server: both live in one process. */
async function send(bytes: string): Promise<void> {
  const socket = connect(app.config.port, '127.0.0.1')
  socket.on('error', () => undefined) // a server that has answered need not read on
  socket.resume()
  socket.end(bytes)
  await once(socket, 'close')
}

/**
 * Milliseconds of processor time that this thread has used. Not the time that passes: on a machine that is busy with other
 * work most of that is theirs.
 */
function threadTime(): number {
  const [used] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')
  return Number(used) / 1e6
}

/** The processor time that the thread which answers spends while `work` runs. */
async function costOf(work: () => Promise<void>): Promise<number> {
  const before = threadTime()
  await work()
  return threadTime() - before
}

async function leastOf(work: () => Promise<void>): Promise<number> {
  let least = Infinity
  for (let round = 0; round < TRIES && least > LIMIT / 4; round += 1) least = Math.min(least, await costOf(work))
  return least
}

test('the measure sees a thread that is kept busy', async () => {
  const busy = () => {
    const until = threadTime() + 2 * LIMIT
    while (threadTime() < until);
    return Promise.resolve()
  }
  expect(await leastOf(busy)).toBeGreaterThan(LIMIT)
})

test.each(HOSTILE)('%s: nobody else waits for it', async (_name, bytes) => {
  const text = bytes()
  expect(Buffer.byteLength(text)).toBeLessThan(101_000)
  expect(await leastOf(() => send(text))).toBeLessThan(LIMIT)
})
