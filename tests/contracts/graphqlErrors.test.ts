import { type TestApp, startTestApp } from '../support/app'
import { call, documentOf, post, rest } from '../support/client'
import { PASSWORD, someone } from '../support/people'
import { BY_TLS, PRODUCTION } from '../support/production'

const CANARY = 'canary-hunter2-with-a-tail'

let development: TestApp
let production: TestApp
beforeAll(async () => {
  development = await startTestApp()
  production = await startTestApp({ env: PRODUCTION })
})
afterAll(async () => {
  await development.close()
  await production.close()
})

const login = documentOf('login')
const email = 'ada@example.com'

/** Requests that are refused for what is in them, and what GraphQL itself would tell of each. */
const MISTAKES: [string, object][] = [
  ['an unknown field', { query: '{ usr { id } }' }],
  ['a nearly known field', { query: '{ mee { emial } }' }],
  ['an unknown argument', { query: 'mutation { login(inptu: {}) { __typename } }' }],
  ['an unknown type', { query: 'query ($v: LoginInptu) { __typename }' }],
  ['an unknown directive', { query: '{ __typename @rateLimits }' }],
  ['a missing input field', { query: login, variables: { input: { email } } }],
  ['an unknown input field', { query: login, variables: { input: { email, password: 'x', pasword: CANARY } } }],
  ['a value of the wrong type', { query: login, variables: { input: { email, password: [CANARY] } } }],
  ['an object for a scalar', { query: login, variables: { input: { email, password: { a: CANARY } } } }],
  ['an input that is none', { query: login, variables: { input: CANARY } }],
  ['a wrong enum value', { query: login, variables: { input: { email, password: 'x', transport: CANARY } } }],
  [
    'an enum value of the wrong type',
    { query: login, variables: { input: { email, password: 'x', transport: [CANARY] } } },
  ],
  [
    'a scalar variable of the wrong type',
    {
      query: 'mutation ($p: String!) { login(input: { email: "a", password: $p }) { __typename } }',
      variables: { p: [CANARY] },
    },
  ],
  ['a list for variables', { query: login, variables: [CANARY] }],
  ['text for variables', { query: login, variables: CANARY }],
  [
    'a literal of the wrong type',
    { query: `mutation { login(input: { email: "a", password: ["${CANARY}"] }) { __typename } }` },
  ],
  ['a literal instead of an input', { query: `mutation { login(input: "${CANARY}") { __typename } }` }],
  ['a literal in the wrong place', { query: `mutation { login(input: { email: "a" "${CANARY}" }) { __typename } }` }],
  ['a block string in the wrong place', { query: `{ """${CANARY}""" }` }],
  ['an unknown operation', { query: 'query A { __typename } query B { __typename }', operationName: CANARY }],
  ['an object for a document', { query: { password: CANARY } }],
  ['introspection', { query: '{ __schema { types { name } } }' }],
]
const NAMES =
  /RegisterInput|LoginInput|LoginResult|TokenTransport|BODY|COOKIE|passwordPolicy|updateProfile|"?password"?\b(?=.*required)/

describe('in production', () => {
  test.each(MISTAKES)('%s is refused without a suggestion, a name of the schema, or a value', async (_name, body) => {
    const response = await post(production.url, body, { headers: BY_TLS })
    const text = await response.text()
    expect(response.status).toBe(400)
    expect(text).not.toMatch(/Did you mean|Suggestion/)
    expect(text).not.toMatch(NAMES)
    expect(text).not.toContain(CANARY)
    expect(text).not.toContain('stacktrace')
  })

  test('an inline fragment on a type that may exist tells nothing', async () => {
    const answers = await Promise.all(
      ['User', 'Usr'].map((type) =>
        post(production.url, { query: `{ me { ... on ${type} { nope } } }` }, { headers: BY_TLS }),
      ),
    )
    const [known, unknown] = await Promise.all(
      answers.map((answer) => answer.json() as Promise<{ errors: { message: string }[] }>),
    )
    expect(known?.errors[0]?.message).toBe(unknown?.errors[0]?.message)
  })
})

describe('in development', () => {
  const secret = MISTAKES.filter(([name]) => !/introspection|unknown operation/.test(name))
  test.each(secret)('%s brings no value back', async (_name, body) => {
    const text = await (await post(development.url, body)).text()
    expect(text).not.toContain(CANARY)
    expect(text).toContain('"errors"')
  })

  test('the words still say what is wrong, and where', async () => {
    const wrongType = await post(development.url, { query: login, variables: { input: { email, password: [1] } } })
    expect(await wrongType.text()).toContain(
      'Variable \\"$input.password\\" got an invalid value; String cannot represent',
    )
    const missing = await post(development.url, { query: login, variables: { input: { email } } })
    expect(await missing.text()).toMatch(/Field \\"password\\" of required type/)
    const syntax = await post(development.url, { query: '{ me { id }' })
    expect(await syntax.text()).toContain('Expected Name, found <EOF>')
  })
})

describe('a fault of ours', () => {
  const INSIDE =
    /prisma|P20\d\d|42P01|relation|sessions_gone|users_gone|registrations|SELECT|INSERT|\/src\/|\/node_modules\/|\.ts:|stack|Invalid `|127\.0\.0\.1/i
  let broken: TestApp
  beforeAll(async () => {
    broken = await startTestApp()
    await broken.app.deps.database.pool.query('ALTER TABLE registrations RENAME TO registrations_gone')
  })
  afterAll(() => broken.close())

  test('becomes one constant message with the id of the request', async () => {
    const answer = await call(broken.url, 'register', { email: someone(), password: PASSWORD })
    expect(answer.code).toBe('INTERNAL_SERVER_ERROR')
    expect(answer.text).not.toMatch(INSIDE)
    const { extensions } = answer.data as { extensions: { requestId: string } }
    expect(extensions.requestId).toBe(answer.headers.get('x-request-id'))
    const line = broken.log.find(({ requestId }) => requestId === extensions.requestId)
    expect(line).toMatchObject({ level: 'error', event: 'request_failed' })
    expect(JSON.stringify(line)).not.toContain(PASSWORD)
  })

  test('is a 500 by REST, as JSON, with every security header', async () => {
    const answer = await rest(broken.url, 'register', { email: someone(), password: PASSWORD })
    expect([answer.status, answer.code]).toEqual([500, 'INTERNAL_SERVER_ERROR'])
    expect(answer.text).not.toMatch(INSIDE)
    expect(answer.data.requestId).toBe(answer.headers.get('x-request-id'))
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  })
})
