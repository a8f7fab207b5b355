import {
  ApolloClient,
  ApolloLink,
  CombinedGraphQLErrors,
  HttpLink,
  InMemoryCache,
  type TypedDocumentNode,
  gql,
} from '@apollo/client'
import { type Client, createClient, memoryStorage } from '@gatehouse/client'
import { gatehouseLink, possibleTypes } from '@gatehouse/client/apollo'
import { gatehouseExchange } from '@gatehouse/client/urql'
import { Client as UrqlClient, fetchExchange } from '@urql/core'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { type TestApp, startTestApp } from '../support/app'
import { PASSWORD, verifiedPerson } from '../support/people'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

type Fetch = typeof fetch
interface Outcome {
  data: { me: { email: string } | null } | null
  /** The code of what failed. */
  code: string | null
}
type Ask = () => Promise<Outcome>
const ME: TypedDocumentNode<NonNullable<Outcome['data']>> = gql('{ me { id email } }')

function apollo(auth: Client, run: Fetch): Ask {
  const http = new HttpLink({ uri: `${app.url}/graphql`, fetch: run })
  const client = new ApolloClient({
    link: ApolloLink.from([gatehouseLink(auth), http]),
    cache: new InMemoryCache({ possibleTypes }),
    queryDeduplication: false,
  })
  return async () => {
    const result = await client.query({ query: ME, fetchPolicy: 'network-only', errorPolicy: 'all' })
    return { data: result.data ?? null, code: result.error ? codeOf(result.error) : null }
  }
}

function codeOf(error: unknown): string {
  if (CombinedGraphQLErrors.is(error)) return String(error.errors[0]?.extensions?.code)
  const { code, statusCode } = error as { code?: string; statusCode?: number }
  return code ?? String(statusCode)
}

function urql(auth: Client, run: Fetch): Ask {
  const exchanges = [gatehouseExchange(auth), fetchExchange]
  const client = new UrqlClient({ url: `${app.url}/graphql`, exchanges, fetch: run, preferGetMethod: false })
  let asked = 0
  return async () => {
    // The same document twice at once is one request for urql.
    const { data, error } = await client.query<Outcome['data']>(`query Me${(asked += 1)} { me { id email } }`, {})
    if (!error) return { data: data ?? null, code: null }
    const { code } = (error.graphQLErrors[0]?.extensions ?? error.networkError) as { code?: string }
    return { data: null, code: code ?? null }
  }
}

/** A fetch that counts requests and refreshes, and may change or answer one. */
function watched(change: (headers: Headers) => Response | undefined = () => undefined) {
  const counts = { refreshes: 0, queries: 0 }
  const run: Fetch = async (input, init) => {
    const refresh = typeof init?.body === 'string' && init.body.includes('refreshSession')
    counts[refresh ? 'refreshes' : 'queries'] += 1
    const headers = new Headers(init?.headers)
    return change(headers) ?? fetch(input, { ...init, headers })
  }
  return { counts, run }
}

async function signedIn(run: Fetch) {
  const email = await verifiedPerson(app)
  const auth = createClient({ url: app.url, transport: 'BODY', fetch: run })
  expect((await auth.login({ email, password: PASSWORD })).__typename).toBe('LoginSuccess')
  return { auth, email }
}

describe.each([
  ['Apollo Client', apollo],
  ['urql', urql],
])('%s', (_, adapter) => {
  test.each([
    ['UNAUTHENTICATED', (headers: Headers) => (headers.set('authorization', 'Bearer spent'), undefined)],
    ['HTTP 401', () => new Response('Unauthorized', { status: 401 })],
  ])('a token that is refused by %s costs one refresh, for fifty queries as for one', async (_code, refuse) => {
    let spent = ''
    const { counts, run } = watched((headers) =>
      headers.get('authorization') === `Bearer ${spent}` ? refuse(headers) : undefined,
    )
    const { auth, email } = await signedIn(run)
    const ask = adapter(auth, run)
    expect((await ask()).data?.me?.email).toBe(email)
    spent = (await auth.token()) ?? ''
    counts.queries = 0
    const answers = await Promise.all(Array.from({ length: 50 }, ask))
    expect(answers.map(({ data }) => data?.me?.email)).toEqual(Array(50).fill(email))
    expect([counts.refreshes, counts.queries <= 100]).toEqual([1, true])
  })

  test('a session that the server has ended is signed out, after one refresh', async () => {
    const { counts, run } = watched()
    const { auth } = await signedIn(run)
    await app.app.deps.database.pool.query('UPDATE sessions SET revoked_at = now()')
    const ask = adapter(auth, run)
    await auth.token()
    const { data, code } = await ask()
    expect([data?.me ?? null, code]).toEqual([null, 'UNAUTHENTICATED'])
    expect([auth.state.status, counts.refreshes]).toEqual(['signedOut', 1])
    expect(counts.queries).toBeLessThanOrEqual(4)
  })

  test('a refresh that fails is the error of the query, and signs nobody out', async () => {
    let down = false
    const { run } = watched((headers) => {
      if (!down) return undefined
      if (!headers.has('authorization')) return new Response('<h1>502</h1>', { status: 502 })
      headers.set('authorization', 'Bearer spent')
      return undefined
    })
    const { auth, email } = await signedIn(run)
    const ask = adapter(auth, run)
    down = true
    expect((await ask()).code).toBe('UNREACHABLE')
    expect(auth.state.status).toBe('signedIn')
    down = false
    expect((await ask()).data?.me?.email).toBe(email)
  })

  test('the first query after a start renews the session first; nobody’s queries go without a token and without a refresh', async () => {
    const storage = memoryStorage()
    const email = await verifiedPerson(app)
    await createClient({ url: app.url, transport: 'BODY', storage }).login({ email, password: PASSWORD })
    const { counts, run } = watched()
    const auth = createClient({ url: app.url, transport: 'BODY', storage, fetch: run })
    const ask = adapter(auth, run)
    expect((await ask()).data?.me?.email).toBe(email)
    expect(counts.refreshes).toBe(1)
    await auth.signOut()
    counts.refreshes = 0
    await ask()
    expect(counts.refreshes).toBe(0)
  })
})

test("Apollo's cache keeps code and message of an expected failure", async () => {
  const client = new ApolloClient({
    link: new HttpLink({ uri: `${app.url}/graphql` }),
    cache: new InMemoryCache({ possibleTypes }),
  })
  const mutation: TypedDocumentNode<{ login: object }> = gql`
    mutation ($input: LoginInput!) {
      login(input: $input) {
        ... on UserError {
          code
          message
        }
      }
    }
  `
  const input = { email: await verifiedPerson(app), password: 'another one' }
  const { data } = await client.mutate({ mutation, variables: { input } })
  expect(data?.login).toMatchObject({ code: 'INVALID_CREDENTIALS', message: expect.any(String) as string })
})

test.each([
  ['react.ts', 600],
  ['apollo.ts', 1_500],
  ['urql.ts', 800],
])('%s stays within its size: %i bytes, minified and compressed', async (file, budget) => {
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, '../../packages/client/src', file)],
    ...{ bundle: true, packages: 'external', minify: true, format: 'esm', target: 'es2022', write: false },
  })
  expect(gzipSync(outputFiles[0]?.contents ?? '').length).toBeLessThan(budget)
})
