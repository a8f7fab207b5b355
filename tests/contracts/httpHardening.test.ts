import { gzipSync } from 'node:zlib'
import { type TestApp, startTestApp } from '../support/app'
import { post } from '../support/client'
import { BY_TLS, PRODUCTION } from '../support/production'
import { type RawAnswer, exchange, request } from '../support/raw'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ env: PRODUCTION })
})
afterAll(() => app.close())

const JSON_BODY = { 'Content-Type': 'application/json' }
const TYPENAME = '{"query":"{ __typename }"}'
const tls = (line: string, headers: Record<string, string> = {}, body = '') =>
  request(line, { ...BY_TLS, ...headers }, body)
const graphql = (headers: Record<string, string>, body = TYPENAME) => tls('POST /graphql', headers, body)
const withoutHost = (text: string) => text.replace(/^Host: .*\r\n/m, '')
const gzipped = () => {
  const body = gzipSync(TYPENAME)
  const head = tls('POST /graphql', {
    ...JSON_BODY,
    'Content-Encoding': 'gzip',
    'Content-Length': String(body.length),
  })
  return Buffer.concat([Buffer.from(head), body])
}

/** Whatever is sent, and the status it gets: nothing of it may run. */
const REFUSED: [string, () => string | Buffer, number][] = [
  ['broken JSON', () => graphql(JSON_BODY, '{"query":'), 400],
  ['an empty body', () => tls('POST /graphql', { ...JSON_BODY, 'Content-Length': '0' }), 400],
  ['a body over 100 kB', () => graphql(JSON_BODY, JSON.stringify({ query: '#'.repeat(100_001) })), 413],
  ['an array of operations', () => graphql(JSON_BODY, `[${TYPENAME}]`), 400],
  ['text/plain', () => graphql({ 'Content-Type': 'text/plain' }), 415],
  ['a form', () => graphql({ 'Content-Type': 'application/x-www-form-urlencoded' }, 'query=%7B__typename%7D'), 415],
  ['an upload', () => graphql({ 'Content-Type': 'multipart/form-data; boundary=x' }, '--x--'), 415],
  ['a body without a media type', () => graphql({}), 415],
  ['GraphQL without JSON around it', () => graphql({ 'Content-Type': 'application/graphql' }, '{ __typename }'), 415],
  ['utf-7', () => graphql({ 'Content-Type': 'application/json; charset=utf-7' }), 415],
  ['utf-16', () => graphql({ 'Content-Type': 'application/json; charset="utf-16le"' }), 415],
  ['gzip', gzipped, 415],
  ['Accept: text/html', () => graphql({ ...JSON_BODY, Accept: 'text/html' }), 406],
  ['PUT', () => tls('PUT /graphql', JSON_BODY, TYPENAME), 405],
  ['DELETE', () => tls('DELETE /graphql'), 405],
  ['PATCH', () => tls('PATCH /graphql', JSON_BODY, TYPENAME), 405],
  ['TRACE', () => tls('TRACE /graphql'), 405],
  ['PROPFIND', () => tls('PROPFIND /graphql'), 405],
  ['CONNECT', () => tls('CONNECT evil.example:443'), 400],
  ['GET of a REST route that takes POST', () => tls('GET /api/auth/login'), 405],
  ['POST to a health route', () => tls('POST /health/live', JSON_BODY, '{}'), 405],
  ['OPTIONS that is no preflight', () => tls('OPTIONS /graphql'), 405],
  ['a WebSocket', () => tls('GET /graphql', { Connection: 'Upgrade, close', Upgrade: 'websocket' }), 400],
  ['HTTP/2 in clear', () => tls('GET /graphql', { Connection: 'Upgrade, close', Upgrade: 'h2c' }), 400],
  ['a Host that is none', () => tls('GET /health/live', { Host: 'a b' }), 400],
  ['no Host', () => withoutHost(tls('GET /health/live')), 400],
  ['two Hosts', () => tls('GET /health/live').replace('Host:', 'Host: evil.example\r\nHost:'), 400],
  ['headers over 16 kB', () => tls('GET /health/live', { 'X-Long': 'x'.repeat(17_000) }), 431],
  ['a URL over 16 kB', () => tls(`GET /${'x'.repeat(17_000)}`), 431],
  ['both framings', () => graphql({ ...JSON_BODY, 'Transfer-Encoding': 'chunked' }), 400],
  ['two lengths', () => graphql(JSON_BODY).replace('Content-Length:', 'Content-Length: 1\r\nContent-Length:'), 400],
  ['an unknown transfer coding', () => tls('POST /graphql', { ...JSON_BODY, 'Transfer-Encoding': 'x' }), 400],
  ['bytes that are no HTTP', () => '\x16\x03\x01\x02\x00\x01\r\n\r\n', 400],
  ['a path that is no text', () => tls('GET /%zz'), 400],
  ['an unknown expectation', () => graphql({ ...JSON_BODY, Expect: 'magic' }), 417],
  ['a token in the path that is far too long', () => tls(`GET /api/auth/verify/${'x'.repeat(3_000)}`), 400],
  ...['/', '/playground', '/graphiql', '/voyager', '/altair', '/dev/inbox', '/.env', '/graphql/', '/metrics'].map(
    (path): [string, () => string, number] => [path, () => tls(`GET ${path}`), 404],
  ),
]

function expectHardened({ headers }: RawAnswer): void {
  expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
  expect(headers.get('strict-transport-security')).toBe('max-age=63072000; includeSubDomains')
  expect(headers.get('cache-control')).toBe('no-store')
  expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  for (const name of ['x-powered-by', 'server', 'via']) expect(headers.has(name)).toBe(false)
}

test.each(REFUSED)('%s is refused in JSON, with every security header', async (_name, bytes, status) => {
  const answer = await exchange(app.url, bytes())
  expect(answer.status).toBe(status)
  expect(answer.headers.get('content-type')).toMatch(
    /^application\/(json|graphql-response\+json|problem\+json); charset=utf-8$/,
  )
  const { error, errors } = JSON.parse(answer.body) as { error?: { code: string }; errors?: object[] }
  expect(error?.code ?? errors?.length).toBeTruthy()
  expect(answer.body).not.toMatch(/FST_|HPE_|Syntax|JSON at position|"data"/)
  expectHardened(answer)
})

test('answers of every door carry the security headers too', async () => {
  const answers = await Promise.all([
    exchange(app.url, graphql(JSON_BODY)),
    exchange(app.url, graphql(JSON_BODY, '{"query":"{ me { id } }"}')),
    exchange(app.url, tls('GET /api/auth/me')),
    exchange(app.url, tls('POST /api/auth/login', JSON_BODY, '{}')),
    exchange(app.url, tls('GET /health/live')),
    exchange(app.url, tls('GET /health/ready')),
  ])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 401, 400, 200, 200])
  for (const answer of answers) expectHardened(answer)
})

test('a 405 names the methods that the path takes', async () => {
  const put = await exchange(app.url, tls('PUT /api/auth/login', JSON_BODY, '{}'))
  expect(put.headers.get('allow')).toBe('POST, OPTIONS')
  const post = await exchange(app.url, tls('POST /health/live', JSON_BODY, '{}'))
  expect(post.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
})

test('a client cannot choose its request id', async () => {
  const answer = await exchange(app.url, graphql({ ...JSON_BODY, 'X-Request-Id': 'mine', 'Request-Id': 'mine' }))
  expect(answer.headers.get('x-request-id')).not.toBe('mine')
})

describe('GET /graphql', () => {
  const read = (query: string, headers: Record<string, string> = {}) =>
    exchange(app.url, tls(`GET /graphql?${query}`, headers))
  const preflighted = { 'Apollo-Require-Preflight': '1' }

  test('without a header that a preflight guards is refused', async () => {
    expect((await read('query={__typename}')).status).toBe(400)
  })

  test('with an odd media type instead of such a header is refused', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'message/rfc822 ,']) {
      expect([400, 415]).toContain((await read('query={__typename}', { 'Content-Type': type })).status)
    }
  })

  test('with it runs queries', async () => {
    expect((await read('query={__typename}', preflighted)).body).toContain('"Query"')
  })

  test('never runs a mutation', async () => {
    const answer = await read('query=mutation{logout{sessionId}}', preflighted)
    expect(answer.status).toBe(405)
    expect(answer.body).not.toContain('UNAUTHENTICATED')
  })

  test('persisted queries do not exist, and say so as Apollo clients read it: they send the document then', async () => {
    const extensions = encodeURIComponent(
      JSON.stringify({ persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } }),
    )
    const { status, body } = await read(`extensions=${extensions}`, preflighted)
    expect(status).toBe(200)
    expect(JSON.parse(body)).toEqual({
      errors: [{ message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } }],
    })
  })
})

describe('keys of prototypes', () => {
  const NAMES = ['__proto__', 'constructor', 'prototype']

  test.each(NAMES)('%s in a body pollutes nothing', async (name) => {
    const bodies = [
      `{"${name}":{"x":1,"prototype":{"x":1}},"query":"{ __typename }"}`,
      `{"query":"{ __typename }","variables":{"${name}":{"x":1,"prototype":{"x":1}}}}`,
      `{"query":"{ __typename }","operationName":"${name}"}`,
      `{"query":"{ ${name} }"}`,
      `{"query":"query ${name} { ${name}: __typename }"}`,
      `{"query":"query ($${name}: Int) { __typename }","variables":{"${name}":"x"}}`,
      `{"query":"mutation ($i: LoginInput!) { login(input: $i) { __typename } }","variables":{"i":{"${name}":{"x":1}}}}`,
    ]
    for (const body of bodies) {
      const { status } = await exchange(app.url, graphql(JSON_BODY, body))
      expect([200, 400]).toContain(status)
      for (const path of ['login', 'register', 'refresh', 'reset-request', 'reset-confirm']) {
        const { status: rest } = await exchange(
          app.url,
          tls(`POST /api/auth/${path}`, JSON_BODY, `{"${name}":{"x":1}}`),
        )
        expect(rest).toBe(400)
      }
    }
    expect(({} as { x?: unknown }).x).toBeUndefined()
  })
})

describe('scalars are strict', () => {
  const STRANGE = [{ contains: '' }, { gt: '' }, ['a@example.com'], 5, true, null]
  const documents = {
    login: 'mutation ($v: LoginInput!) { r: login(input: $v) { __typename } }',
    register: 'mutation ($v: RegisterInput!) { r: register(input: $v) { __typename } }',
    requestReset: 'mutation ($v: RequestResetInput!) { r: requestReset(input: $v) { __typename } }',
    verifyEmail: 'mutation ($v: VerifyEmailInput!) { r: verifyEmail(input: $v) { __typename } }',
  }
  const valid = { email: 'a@example.com', password: 'x', token: 'x' }
  const inputOf = {
    login: ['email', 'password'],
    register: ['email', 'password'],
    requestReset: ['email'],
    verifyEmail: ['token'],
  }

  test.each(Object.keys(documents) as (keyof typeof documents)[])('in %s', async (name) => {
    const fields = inputOf[name] as (keyof typeof valid)[]
    const good = Object.fromEntries(fields.map((field) => [field, valid[field]]))
    for (const field of fields) {
      for (const value of STRANGE) {
        const variables = { v: { ...good, [field]: value } }
        const answer = await post(app.url, { query: documents[name], variables }, { headers: BY_TLS })
        expect([name, field, value, answer.status]).toEqual([name, field, value, 400])
      }
    }
  })

  test('an input takes its declared fields and no other', async () => {
    const input = {
      ...{ email: 'a@example.com', password: 'violet tractor seven moons' },
      role: 'admin',
      emailVerified: true,
    }
    const answer = await post(app.url, { query: documents.register, variables: { v: input } }, { headers: BY_TLS })
    expect(answer.status).toBe(400)
    const byRest = await exchange(app.url, tls('POST /api/auth/register', JSON_BODY, JSON.stringify(input)))
    expect(byRest.status).toBe(400)
    const { rowCount } = await app.app.deps.database.pool.query('SELECT 1 FROM users')
    expect(rowCount).toBe(0)
  })
})

test('variables and tokens in a URL of POST are not read', async () => {
  const bytes = tls('POST /graphql?query={__schema{types{name}}}&access_token=x', JSON_BODY, TYPENAME)
  expect((await exchange(app.url, bytes)).body).toContain('"__typename":"Query"')
})
