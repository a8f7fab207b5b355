import { type TestApp, startTestApp } from '../support/app'
import { post } from '../support/client'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const times = (count: number, write: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => write(i)).join(' ')
const login = 'login(input: { email: "a@example.com", password: "b" }) { __typename }'
const nested = (depth: number) => `${'{ a '.repeat(depth)}${'}'.repeat(depth)}`
const doubling = (levels: number) =>
  `{ ...f0 } ${times(levels, (i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`)} fragment f${levels} on Query { __typename }`

const COMPLEX = 'QUERY_TOO_COMPLEX'
const PARSE = 'GRAPHQL_PARSE_FAILED'
const INVALID = 'GRAPHQL_VALIDATION_FAILED'

const OVER: [string, string, string][] = [
  ['more than 1,000 tokens', `{ ${times(1_001, () => '__typename')} }`, PARSE],
  ['1,000 aliased logins', `mutation { ${times(1_000, (i) => `a${i}: ${login}`)} }`, PARSE],
  ['31 aliased logins', `mutation { ${times(31, (i) => `a${i}: ${login}`)} }`, COMPLEX],
  ['two mutation fields', `mutation { a: ${login} b: ${login} }`, COMPLEX],
  ['the same mutation field twice', 'mutation { logout { sessionId } logout { sessionId } }', COMPLEX],
  ['two in a fragment', `mutation { ...f } fragment f on Mutation { a: ${login} b: ${login} }`, COMPLEX],
  [
    'two by two spreads',
    `mutation { ...f ...g } fragment f on Mutation { a: ${login} } fragment g on Mutation { b: ${login} }`,
    COMPLEX,
  ],
  [
    'two by a nested fragment',
    `mutation { a: ${login} ...f } fragment f on Mutation { ...g } fragment g on Mutation { b: ${login} }`,
    COMPLEX,
  ],
  ['two by inline fragments', `mutation { ... { a: ${login} } ... on Mutation { ... { b: ${login} } } }`, COMPLEX],
  [
    'a second one that is skipped',
    `mutation { a: ${login} b: ${login.replace('{ __', '@skip(if: true) { __')} }`,
    COMPLEX,
  ],
  [
    'two in an operation beside the one that runs',
    `query Q { __typename } mutation M { a: ${login} b: ${login} }`,
    COMPLEX,
  ],
  ['11 root fields', `{ ${times(11, () => '__typename')} }`, COMPLEX],
  ['11 root fields by fragments', `{ ...f } fragment f on Query { ${times(11, () => '__typename')} }`, COMPLEX],
  ['11 levels', nested(11), COMPLEX],
  ['11 levels by fragments', `{ a { ...f } } fragment f on A ${nested(10)}`, COMPLEX],
  ['11 levels by inline fragments', `{ a { ... { a { ... ${nested(9)} } } } }`, COMPLEX],
  ['31 aliases', `{ me { ${times(31, (i) => `a${i}: id`)} } }`, COMPLEX],
  [
    '31 aliases by fragments',
    `{ me { ...f ...g } } fragment f on User { ${times(16, (i) => `a${i}: id`)} } fragment g on User { ${times(16, (i) => `b${i}: id`)} }`,
    COMPLEX,
  ],
  ['21 directives', `{ ${times(21, () => '__typename @include(if: true)')} }`, COMPLEX],
  ['21 directives on one field', `{ me ${times(21, () => '@include(if: true)')} { id } }`, COMPLEX],
  ['21 directives on the operation', `query ${times(21, () => '@x')} { __typename }`, COMPLEX],
  [
    '21 directives on fragments',
    `{ me { ${times(21, () => '...f @include(if: true)')} } } fragment f on User { id }`,
    COMPLEX,
  ],
  ['a cost over 2,000', `{ me { sessions { ${times(200, () => 'id')} } } }`, COMPLEX],
  ['25 fragments that each spread the next twice', doubling(25), COMPLEX],
  ['a fragment that spreads itself', '{ ...f } fragment f on Query { ...f __typename }', INVALID],
  ['fragments that spread each other', '{ ...f } fragment f on Query { ...g } fragment g on Query { ...f }', INVALID],
  ['lists 480 deep in a value', `{ __type(name: ${'['.repeat(480)}${']'.repeat(480)}) { name } }`, INVALID],
  [
    'objects 240 deep in a value',
    `mutation { login(input: ${'{a:'.repeat(240)}1${'}'.repeat(240)}) { __typename } }`,
    INVALID,
  ],
  ['a subscription', 'subscription { me { id } }', INVALID],
]

/** What a resolver of a mutation, or a hash, leaves behind. */
async function work(): Promise<string> {
  const { registry } = app.app.deps.metrics
  const names = ['gatehouse_operations_total', 'gatehouse_hash_wait_seconds', 'gatehouse_hash_duration_seconds']
  return (await Promise.all(names.map((name) => registry.getSingleMetricAsString(name)))).join('\n')
}

test.each(OVER)('%s: refused before any resolver runs', async (_name, query, code) => {
  const before = await work()
  const response = await post(app.url, { query, operationName: query.startsWith('query Q') ? 'Q' : undefined })
  const { data, errors } = (await response.json()) as { data?: unknown; errors: { extensions: { code: string } }[] }
  expect([response.status, errors[0]?.extensions.code, data]).toEqual([400, code, undefined])
  expect(await work()).toBe(before)
})

test('a document beyond a limit is a 400 for who accepts JSON alone too, also where it is invalid besides', async () => {
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  for (const query of ['{ a ', '{ me ']) {
    const body = JSON.stringify({ query: `${query}${times(21, () => '@include(if: true)')} { id } }` })
    const answer = await fetch(`${app.url}/graphql`, { method: 'POST', headers, body })
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(COMPLEX)])
  }
})

test('the counters tell a login that ran from one that did not', async () => {
  const before = await work()
  await post(app.url, { query: `mutation { ${login} }` })
  expect(await work()).not.toBe(before)
})

const WITHIN: [string, string][] = [
  ['10 root fields', `{ ${times(10, () => '__typename')} }`],
  ['30 aliases', `{ me { ${times(30, (i) => `a${i}: id`)} } }`],
  [
    '20 directives',
    `{ ${times(10, () => '__typename @include(if: true)')} me { ${times(10, () => 'id @include(if: true)')} } }`.replace(
      '__typename @include(if: true) ',
      '',
    ),
  ],
  [
    '8 fragments that each spread the next once',
    `{ ...f0 } ${times(8, (i) => `fragment f${i} on Query { ...f${i + 1} }`)} fragment f8 on Query { __typename }`,
  ],
  ['one mutation field', `mutation { ${login} }`],
  ['one mutation field by a fragment', `mutation { ...f } fragment f on Mutation { ${login} }`],
]

test.each(WITHIN)('%s: accepted', async (_name, query) => {
  expect((await post(app.url, { query })).status).toBe(200)
})

test('a document that spreads a fragment it does not have is refused as invalid, and costs nothing', async () => {
  const answer = await post(app.url, { query: '{ __typename ...nowhere }' })
  expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: INVALID } }] })
})
