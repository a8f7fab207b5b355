import { type TestApp, startTestApp } from '../support/app'
import { call, me, post, rest } from '../support/client'
import { loggedIn, signedIn } from '../support/people'
import { until } from '../support/until'

const MINUTE = 60_000
const UNKNOWN = '0199f000-0000-7000-8000-000000000000'

interface Session {
  id: string
  current: boolean
  createdAt: string
  lastSeenAt: string
}

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const sql = (text: string, values: unknown[] = []) => app.app.deps.database.pool.query(text, values)
const sessionsOf = async (token: string) => (await me(app.url, { token })).data.sessions as Session[]
const mailsTo = (email: string) => app.smtp.mails.filter(({ recipients }) => recipients.includes(email))

describe('me', () => {
  test('is the signed-in user, by GraphQL and by REST', async () => {
    const { user, tokens } = await signedIn(app)
    const byGraphQL = await me(app.url, { token: tokens.accessToken })
    const byRest = await rest(app.url, 'me', undefined, { token: tokens.accessToken })
    expect(byGraphQL.data).toMatchObject(user)
    expect(byRest).toMatchObject({ status: 200, data: user })
    expect(byRest.text).not.toMatch(/hash|password/i)
  })

  test('is null without a token by GraphQL, and 401 by REST', async () => {
    const answer = await me(app.url)
    expect(JSON.parse(answer.text)).toEqual({ data: { result: null } })
    expect(await rest(app.url, 'me')).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 })
  })

  test.each([
    ['no scheme', (token: string) => ({ authorization: token })],
    ['another scheme', (token: string) => ({ authorization: `Basic ${token}` })],
    ['an empty token', () => ({ authorization: 'Bearer ' })],
    ['two tokens', (token: string) => ({ authorization: `Bearer ${token} ${token}` })],
    ['a changed signature', (token: string) => ({ authorization: `Bearer ${token.slice(0, -8)}AAAAAAAA` })],
    ['no signature', (token: string) => ({ authorization: `Bearer ${token.replace(/[^.]*$/, '')}` })],
    ['10 kB', () => ({ authorization: `Bearer ${'a'.repeat(10_000)}` })],
  ])('is refused, not null, for %s', async (_what, headersOf) => {
    const { tokens } = await signedIn(app)
    const headers = headersOf(tokens.accessToken)
    expect(await me(app.url, { headers })).toMatchObject({ code: 'UNAUTHENTICATED' })
    expect(await rest(app.url, 'me', undefined, { headers })).toMatchObject({ code: 'UNAUTHENTICATED', status: 401 })
  })

  test('takes a token from the header only', async () => {
    const { tokens } = await signedIn(app)
    const query = encodeURIComponent('{ result: me { id } }')
    const headers = { 'apollo-require-preflight': 'true', cookie: `access_token=${tokens.accessToken}` }
    const url = `${app.url}/graphql?query=${query}&access_token=${tokens.accessToken}`
    expect(await (await fetch(url, { headers })).json()).toEqual({ data: { result: null } })
    const answer = await fetch(`${app.url}/api/auth/me?access_token=${tokens.accessToken}`, { headers })
    expect(answer.status).toBe(401)
  })

  test('an access token is over after its life', async () => {
    const { tokens } = await signedIn(app)
    app.clock.pass(24 * 60 * MINUTE - 5_000)
    expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
    app.clock.pass(6_000)
    expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('a disabled account is out at once, and its refresh token too', async () => {
    const { user, tokens } = await signedIn(app)
    await me(app.url, { token: tokens.accessToken })
    await sql('UPDATE users SET disabled_at = now() WHERE id = $1', [user.id])
    await until(async () => (await me(app.url, { token: tokens.accessToken })).code === 'UNAUTHENTICATED')
    const { refreshToken } = tokens
    expect(await call(app.url, 'refreshSession', { refreshToken })).toMatchObject({ code: 'INVALID_TOKEN' })
  })
})

describe('sessions', () => {
  test('are listed to their owner, newest first, with the asking one marked', async () => {
    const first = await signedIn(app)
    app.clock.pass(1_000)
    const second = await loggedIn(app, first.email)
    await signedIn(app) // somebody else's
    const seen = await sessionsOf(first.tokens.accessToken)
    expect(seen.map(({ id, current }) => [id, current])).toEqual([
      [second.session.id, false],
      [first.session.id, true],
    ])
    const ids = seen.map(({ id }) => id)
    expect(ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(id))).toBe(true)
  })

  test('that are over or were ended are not among them', async () => {
    const first = await signedIn(app)
    const second = await loggedIn(app, first.email)
    await call(app.url, 'logout', undefined, { token: second.tokens.accessToken })
    expect(await sessionsOf(first.tokens.accessToken)).toHaveLength(1)
  })

  test('are written as seen once a minute at most', async () => {
    const { session, tokens } = await signedIn(app)
    const stored = async () => {
      const { rows } = await sql('SELECT last_seen_at, xmin::text FROM sessions WHERE id = $1', [session.id])
      return rows[0] as { last_seen_at: Date; xmin: string }
    }
    const before = await stored()
    app.clock.pass(MINUTE - 20_000)
    for (let index = 0; index < 10; index += 1) await me(app.url, { token: tokens.accessToken })
    expect(await stored()).toEqual(before)

    app.clock.pass(21_000)
    await Promise.all(Array.from({ length: 50 }, () => me(app.url, { token: tokens.accessToken })))
    const after = await until(async () => {
      const now = await stored()
      return now.last_seen_at > before.last_seen_at ? now : null
    })
    await me(app.url, { token: tokens.accessToken })
    expect(await stored()).toEqual(after)
    expect((await sessionsOf(tokens.accessToken))[0]?.lastSeenAt).toBe(after.last_seen_at.toISOString())
  })
})

describe('revokeSession', () => {
  test('ends another session of the same user at once', async () => {
    const first = await signedIn(app)
    const second = await loggedIn(app, first.email)
    await me(app.url, { token: second.tokens.accessToken })
    const input = { sessionId: second.session.id }
    const answer = await call(app.url, 'revokeSession', input, { token: first.tokens.accessToken })
    expect(answer).toMatchObject({ code: 'SUCCESS', data: input })
    expect(await me(app.url, { token: second.tokens.accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
    const { refreshToken } = second.tokens
    expect(await call(app.url, 'refreshSession', { refreshToken })).toMatchObject({ code: 'INVALID_TOKEN' })
    expect(await me(app.url, { token: first.tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
    expect(await call(app.url, 'revokeSession', input, { token: first.tokens.accessToken })).toMatchObject({
      code: 'NOT_FOUND',
    })
  })

  test('may end the asking one', async () => {
    const { session, tokens } = await signedIn(app)
    const token = tokens.accessToken
    expect(await call(app.url, 'revokeSession', { sessionId: session.id }, { token })).toMatchObject({
      code: 'SUCCESS',
    })
    expect(await me(app.url, { token })).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test("answers another's session as one that does not exist, and leaves it alone", async () => {
    const [mine, theirs] = [await signedIn(app), await signedIn(app)]
    const token = mine.tokens.accessToken
    const answers = await Promise.all(
      [theirs.session.id, UNKNOWN, 'x', "' OR 1=1--", '%', '\0', UNKNOWN.replaceAll('0', 'f')].map((sessionId) =>
        call(app.url, 'revokeSession', { sessionId }, { token }),
      ),
    )
    expect(answers[0]?.code).toBe('NOT_FOUND')
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
    expect(await me(app.url, { token: theirs.tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
  })

  test('is for the signed-in only', async () => {
    expect(await call(app.url, 'revokeSession', { sessionId: UNKNOWN })).toMatchObject({ code: 'UNAUTHENTICATED' })
  })
})

describe('revokeOtherSessions', () => {
  test('ends every session of the user but the asking one, and tells how many', async () => {
    const first = await signedIn(app)
    const others = [await loggedIn(app, first.email), await loggedIn(app, first.email)]
    const stranger = await signedIn(app)
    for (const { tokens } of others) await me(app.url, { token: tokens.accessToken })
    const token = first.tokens.accessToken
    expect((await call(app.url, 'revokeOtherSessions', undefined, { token })).data).toEqual({ revokedSessions: 2 })
    for (const { tokens } of others) {
      expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
      const { refreshToken } = tokens
      expect(await call(app.url, 'refreshSession', { refreshToken })).toMatchObject({ code: 'INVALID_TOKEN' })
    }
    for (const kept of [first, stranger]) {
      expect(await me(app.url, { token: kept.tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
    }
    expect((await call(app.url, 'revokeOtherSessions', undefined, { token })).data).toEqual({ revokedSessions: 0 })
    expect(mailsTo(first.email)).toEqual([]) // the owner did this
  })

  test('is for the signed-in only', async () => {
    const response = await post(app.url, { query: 'mutation { revokeOtherSessions { revokedSessions } }' })
    expect(await response.text()).toContain('UNAUTHENTICATED')
  })
})
