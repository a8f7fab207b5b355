import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type TestApp, startTestApp } from '../support/app'
import { DescribedApi, type OpenApi, type Operation } from '../support/openapi'
import { PASSWORD, verifiedPerson } from '../support/people'

const ROOT = join(__dirname, '../..')
const COMMITTED = JSON.parse(readFileSync(join(ROOT, 'openapi.json'), 'utf8')) as OpenApi
const run = promisify(execFile)

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ env: { LOGIN_CODE: 'on' } })
})
afterAll(() => app.close())

const operationsOf = ({ paths }: OpenApi) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )

test('the committed description is valid OpenAPI 3.1, and a broken one is not', async () => {
  const script = `
    import { Validator } from '@seriousme/openapi-schema-validator'
    import { readFileSync } from 'node:fs'
    const document = JSON.parse(readFileSync('openapi.json', 'utf8'))
    const judge = async (text) => { const judged = new Validator(); return [(await judged.validate(text)).valid, judged.version] }
    const broken = structuredClone(document)
    delete broken.paths['/api/auth/login'].post.responses[200].description
    console.log(JSON.stringify([await judge(document), await judge(broken)]))`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: ROOT })
  expect(JSON.parse(stdout)).toEqual([
    [true, '3.1'],
    [false, '3.1'],
  ])
})

test('is public, for pages of any origin, and may be cached', async () => {
  const answer = await fetch(`${app.url}/api/openapi.json`, { headers: { origin: 'https://docs.example' } })
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8'])
  expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300')
})

test('a server describes the routes that it has, with its budgets and its cookie', async () => {
  const served = (await DescribedApi.of(app.url)).document
  expect(operationsOf(served).map(({ method, path }) => `${method} ${path}`)).toEqual(
    operationsOf(COMMITTED).map(({ method, path }) => `${method} ${path}`),
  )
  for (const { method, path } of operationsOf(served))
    expect(app.app.server.hasRoute({ method: method, url: path.replace(/\{(\w+)\}/, ':$1') })).toBe(true)
  expect(JSON.stringify(served)).toContain('"gatehouse_refresh"')
  expect(JSON.stringify(COMMITTED)).toContain('"__Host-gatehouse_refresh"')

  const other = await startTestApp({
    env: { RATE_LIMIT_LOGIN: '7/15m per IP', RATE_LIMITS: 'on' },
    ...{ databaseUrl: app.databaseUrl, smtp: app.smtp },
  })
  try {
    const { document } = await DescribedApi.of(other.url)
    expect(Object.keys(document.paths)).toEqual(Object.keys(COMMITTED.paths).filter((path) => !/login-code/.test(path)))
    expect(JSON.stringify(document.paths['/api/auth/login'])).toContain('Budgets: 7 / 15m per IP.')
  } finally {
    await other.close()
  }
})

/** The least that a route's own description asks for. */
function leastInput({ requestBody }: Operation): Record<string, unknown> {
  const { properties = {}, required = [] } = (requestBody?.content['application/json'].schema ?? {}) as {
    properties?: Record<string, { type: string }>
    required?: string[]
  }
  return Object.fromEntries(required.map((name) => [name, properties[name]?.type === 'object' ? {} : 'x']))
}

test.each(operationsOf(COMMITTED).map(({ method, path }) => [method, path]))(
  '%s %s takes the least input that is described, and demands an access token where the description says so',
  async (method, path) => {
    const operation = COMMITTED.paths[path]?.[method.toLowerCase()]
    if (!operation) throw new Error('It has just been listed')
    const answer = await fetch(app.url + path.replace('{token}', 'x'), {
      method,
      ...(method === 'POST' && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(leastInput(operation)),
      }),
    })
    const { error } = (await answer.json()) as { error?: { code: string } }
    const needsToken = operation.security.some((way) => 'accessToken' in way)
    expect([answer.status, error?.code === 'UNAUTHENTICATED']).toEqual([needsToken ? 401 : answer.status, needsToken])
    expect(Object.keys(operation.responses)).toContain(String(answer.status))
    expect(error?.code).not.toBe('BAD_USER_INPUT')
  },
)

/** A program of a user of openapi-typescript and openapi-fetch: every type in it comes from the description. */
const PROGRAM = `
import createClient from 'openapi-fetch'
import type { components, paths } from './api'

const [url = '', email = '', password = ''] = process.argv.slice(2)
const client = createClient<paths>({ baseUrl: url })

async function main(): Promise<void> {
  const wrong = await client.POST('/api/auth/login', { body: { email, password: 'x' } })
  if (wrong.response.status !== 401 || !wrong.error) throw new Error('a login with a wrong password')
  const failure = wrong.error.error
  if (failure.code === 'RATE_LIMITED') throw new Error(String(failure.retryAfter * 2))
  if (failure.code === 'SECOND_FACTOR_REQUIRED') throw new Error(failure.challenge.trim())
  const code: 'INVALID_CREDENTIALS' = failure.code === 'INVALID_CREDENTIALS' ? failure.code : fail(failure.code)

  const login = await client.POST('/api/auth/login', { body: { email, password } })
  if (!login.data) throw new Error(login.error.error.code)
  const user: components['schemas']['User'] = login.data.user
  const headers = { authorization: \`Bearer \${login.data.tokens.accessToken}\` }
  const profile = await client.POST('/api/auth/profile', { headers, body: { displayName: 'Ada' } })
  const events = await client.GET('/api/auth/security-events', { headers, params: { query: { first: 1 } } })
  const types = events.data?.securityEvents.edges.map(({ node }) => node.type)
  const refreshed = await client.POST('/api/auth/refresh', { body: { refreshToken: login.data.tokens.refreshToken } })
  const out = await client.POST('/api/auth/logout', {
    headers: { authorization: \`Bearer \${refreshed.data?.tokens.accessToken ?? ''}\` },
  })
  const verified = await client.GET('/api/auth/verify/{token}', { params: { path: { token: 'x' } } })
  const seen = [code, user.email, profile.data?.user.displayName, types, out.response.status, verified.error?.error.code]
  console.log(JSON.stringify(seen))
}

function fail(code: string): never {
  throw new Error(code)
}

void main()
`

test('openapi-typescript makes types of it, with which openapi-fetch goes through a session', async () => {
  const email = await verifiedPerson(app)
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-openapi-'))
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'program.ts'), PROGRAM)
    const tool = (path: string, ...options: string[]) =>
      run(process.execPath, [join(ROOT, 'node_modules', path), ...options], { cwd: folder })
    await tool('openapi-typescript/bin/cli.js', join(ROOT, 'openapi.json'), '-o', 'api.d.ts')
    const options = ['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--skipLibCheck']
    const target = ['--target', 'es2022', '--module', 'node16', '--types', 'node']
    await tool('typescript/bin/tsc', ...options, ...target, 'program.ts').catch((error: unknown) => {
      throw new Error((error as { stdout: string }).stdout)
    })
    const { stdout } = await run(process.execPath, ['program.js', app.url, email, PASSWORD], { cwd: folder })
    expect(JSON.parse(stdout)).toEqual(['INVALID_CREDENTIALS', email, 'Ada', ['PROFILE_UPDATED'], 200, 'INVALID_TOKEN'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
