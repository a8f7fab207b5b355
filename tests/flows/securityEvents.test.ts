import { type TestApp, startTestApp } from '../support/app'
import { call, post } from '../support/client'
import { signedIn, verifiedPerson } from '../support/people'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

interface Node {
  id: string
  type: string
  createdAt: string
  byOperator: boolean
  ipAddress: string | null
  userAgent: string | null
}
interface Page {
  edges: { cursor: string; node: Node }[]
  pageInfo: { hasNextPage: boolean; endCursor: string | null }
}
interface Answer {
  data?: { me: { securityEvents: Page } | null }
  errors?: { extensions: { code: string } }[]
}

const QUERY = `query ($first: Int! = 20, $after: String) {
  me { securityEvents(first: $first, after: $after) {
    edges { cursor node { id type createdAt byOperator ipAddress userAgent } } pageInfo { hasNextPage endCursor } } }
}`

async function ask(token: string, variables: Record<string, unknown> = {}): Promise<Answer> {
  const response = await post(app.url, { query: QUERY, variables }, { token })
  return (await response.json()) as Answer
}

async function page(token: string, variables: Record<string, unknown> = {}): Promise<Page> {
  const { data } = await ask(token, variables)
  if (!data?.me) throw new Error('No page')
  return data.me.securityEvents
}

const sql = (text: string, values: unknown[]) => app.app.deps.database.pool.query(text, values)

/** Events of a user, all within one millisecond for every ten: the id orders these. */
const addEvents = (userId: string, count: number) =>
  sql(
    `INSERT INTO audit_events (user_id, type, ip_address, created_at)
     SELECT $1, 'login_failed', '192.0.2.' || n, timestamptz '2026-01-01' + (n / 10) * interval '1 ms'
     FROM generate_series(1, $2::int) AS n`,
    [userId, count],
  )

test('the owner reads what happened, from where and by which device, the newest first', async () => {
  const email = await verifiedPerson(app)
  const headers = { 'user-agent': 'Firefox on Linux' }
  await call(app.url, 'login', { email, password: 'wrong tractor' }, { headers })
  const { data } = await call(app.url, 'login', { email, password: 'violet tractor seven moons' }, { headers })
  const { accessToken } = data.tokens as { accessToken: string }
  const { edges, pageInfo } = await page(accessToken)
  expect(edges.map(({ node }) => node)).toEqual(
    ['LOGIN_SUCCEEDED', 'LOGIN_FAILED'].map((type) => ({
      id: expect.any(String) as string,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      ...{ type, byOperator: false, ipAddress: '127.0.0.1', userAgent: 'Firefox on Linux' },
    })),
  )
  expect(pageInfo).toEqual({ hasNextPage: false, endCursor: edges[1]?.cursor })
})

test('nobody reads the events of another account, nor those of no account', async () => {
  const [one, other] = [await signedIn(app), await signedIn(app)]
  await call(app.url, 'updateProfile', { displayName: 'Ada' }, { token: other.tokens.accessToken })
  await sql("INSERT INTO audit_events (type) VALUES ('login_failed')", [])
  const { edges } = await page(one.tokens.accessToken)
  expect(edges.map(({ node }) => node.type)).toEqual(['LOGIN_SUCCEEDED'])
  const start = (await page(other.tokens.accessToken)).edges[0]?.cursor
  const after = await page(one.tokens.accessToken, { after: start })
  expect(after.edges.map(({ node }) => node.id)).toEqual(edges.map(({ node }) => node.id))
})

test('pages neither overlap nor omit an event while new ones come', async () => {
  const { user, tokens } = await signedIn(app)
  await addEvents(user.id, 45)
  const seen: string[] = []
  let after: string | null = null
  for (let pages = 0; pages < 10; pages += 1) {
    const { edges, pageInfo }: Page = await page(tokens.accessToken, { first: 10, after })
    seen.push(...edges.map(({ node }) => node.id))
    await sql("INSERT INTO audit_events (user_id, type) VALUES ($1, 'logged_out')", [user.id])
    after = pageInfo.endCursor
    if (!pageInfo.hasNextPage) break
  }
  expect(seen).toHaveLength(46) // with the login
  expect(new Set(seen).size).toBe(46)
})

test('a page has 20 events unless the client asks for up to 100', async () => {
  const { user, tokens } = await signedIn(app)
  await addEvents(user.id, 120)
  expect((await page(tokens.accessToken)).edges).toHaveLength(20)
  expect((await page(tokens.accessToken, { first: 100 })).edges).toHaveLength(100)
  for (const variables of [{ first: 101 }, { first: 0 }, { first: -1 }, { after: 'x' }, { after: '' }]) {
    const { data, errors } = await ask(tokens.accessToken, variables)
    expect(data?.me ?? null).toBeNull()
    expect(errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT'])
  }
})

test('what an operator did is told without their address, and what is not for the owner is not told', async () => {
  const { user, tokens } = await signedIn(app)
  await sql(
    `INSERT INTO audit_events (user_id, type, actor_kind, ip_address, user_agent, created_at) VALUES
       ($1, 'user_sessions_ended', 'operator', '192.0.2.9', 'Operator-Browser', now() + interval '1 s'),
       ($1, 'user_viewed', 'operator', '192.0.2.9', 'Operator-Browser', now() + interval '2 s')`,
    [user.id],
  )
  const { edges } = await page(tokens.accessToken)
  expect(edges.map(({ node }) => node.type)).toEqual(['USER_SESSIONS_ENDED', 'LOGIN_SUCCEEDED'])
  expect(edges[0]?.node).toMatchObject({ byOperator: true, ipAddress: null, userAgent: null })
})
