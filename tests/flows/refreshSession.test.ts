import { type TestApp, startTestApp } from '../support/app'
import { type Answer, DOORS, type LoggedIn, call, me, rest } from '../support/client'
import { PASSWORD, loggedIn, signedIn } from '../support/people'

const SECOND = 1_000
const DAY = 86_400_000

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const tokensOf = ({ data }: Answer) => data.tokens as LoggedIn['tokens']
const refresh = (refreshToken: string | null) => call(app.url, 'refreshSession', { refreshToken })
const audited = async (userId: string, type: string) => {
  const { pool } = app.app.deps.database
  return (await pool.query('SELECT 1 FROM audit_events WHERE user_id = $1 AND type = $2', [userId, type])).rowCount
}

describe.each(DOORS)('refreshSession by %s', (name, door) => {
  const refused = name === 'REST' ? 401 : 200

  test('replaces the token, keeps the session, and prolongs it', async () => {
    const { email, session, tokens } = await signedIn(app)
    app.clock.pass(5 * SECOND)
    const answer = await door(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })
    expect(answer).toMatchObject({ code: 'SUCCESS', status: 200, data: { session: { id: session.id, current: true } } })
    expect(answer.headers.get('set-cookie')).toBeNull()
    const renewed = tokensOf(answer)
    expect(renewed.refreshToken).toMatch(/^[\w-]{43}$/)
    expect(renewed.refreshToken).not.toBe(tokens.refreshToken)
    expect(renewed.refreshTokenExpiresAt > tokens.refreshTokenExpiresAt).toBe(true)
    expect(await me(app.url, { token: renewed.accessToken })).toMatchObject({ code: 'SUCCESS', data: { email } })
    // The access token of before goes on until it expires: it belongs to the same session.
    expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
  })

  test('a token that was replaced up to ten seconds ago answers the same successor', async () => {
    const { email, tokens } = await signedIn(app)
    const first = tokensOf(await door(app.url, 'refreshSession', { refreshToken: tokens.refreshToken }))
    app.clock.pass(9 * SECOND)
    const again = tokensOf(await door(app.url, 'refreshSession', { refreshToken: tokens.refreshToken }))
    expect(again.refreshToken).toBe(first.refreshToken)
    expect(await me(app.url, { token: again.accessToken })).toMatchObject({ code: 'SUCCESS' })
    expect(await refresh(first.refreshToken)).toMatchObject({ code: 'SUCCESS' })
    expect(app.smtp.mails.filter(({ recipients }) => recipients.includes(email))).toHaveLength(1)
  })

  test('one that comes back later ends the session with all its tokens, and the owner is told once', async () => {
    const { email, user, tokens } = await signedIn(app)
    const elsewhere = await loggedIn(app, email)
    const renewed = tokensOf(await door(app.url, 'refreshSession', { refreshToken: tokens.refreshToken }))
    await me(app.url, { token: renewed.accessToken })
    app.clock.pass(11 * SECOND)
    const replay = await door(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })
    expect(replay).toMatchObject({ code: 'INVALID_TOKEN', status: refused })
    for (const token of [tokens.accessToken, renewed.accessToken]) {
      expect(await me(app.url, { token })).toMatchObject({ code: 'UNAUTHENTICATED' })
    }
    expect(await refresh(renewed.refreshToken)).toMatchObject({ code: 'INVALID_TOKEN' })
    expect(await refresh(tokens.refreshToken)).toMatchObject({ code: 'INVALID_TOKEN' })
    expect(await me(app.url, { token: elsewhere.tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })

    const notice = await app.mail(email, /session/i)
    expect(notice.source).not.toContain(tokens.refreshToken)
    expect(notice.parsed.text).not.toContain('#token=')
    expect(await audited(user.id, 'refresh_token_reused')).toBe(1)
  })

  test.each([null, '', 'x', 'A'.repeat(43), 'A'.repeat(44), '\0', '{}'])(
    '%j is no token of ours',
    async (refreshToken) => {
      const answer = await door(app.url, 'refreshSession', { refreshToken })
      expect(answer).toMatchObject({ code: 'INVALID_TOKEN', status: refused })
    },
  )

  test('nothing at all is no token either', async () => {
    const answer = await door(app.url, 'refreshSession')
    expect(answer).toMatchObject({ code: 'INVALID_TOKEN', status: refused })
  })

  test('a session that was not used for thirty days has expired', async () => {
    const { tokens } = await signedIn(app)
    const kept = await signedIn(app)
    app.clock.pass(30 * DAY - SECOND * 30)
    const prolonged = tokensOf(await door(app.url, 'refreshSession', { refreshToken: kept.tokens.refreshToken }))
    app.clock.pass(SECOND * 30)
    const answer = await door(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })
    expect(answer).toMatchObject({ code: 'EXPIRED_TOKEN', status: refused })
    app.clock.pass(20 * DAY)
    expect(await refresh(prolonged.refreshToken)).toMatchObject({ code: 'SUCCESS' })
  })
})

test('fifty uses of one token at once get one successor, and nobody is logged out', async () => {
  const { user, tokens } = await signedIn(app)
  const calls = Array.from({ length: 50 }, (_, index) =>
    (index % 2 ? call : rest)(app.url, 'refreshSession', { refreshToken: tokens.refreshToken }),
  )
  const answers = await Promise.all(calls)
  expect(answers.map(({ code }) => code)).toEqual(Array(50).fill('SUCCESS'))
  const successors = new Set(answers.map((answer) => tokensOf(answer).refreshToken))
  expect(successors.size).toBe(1)
  const [successor = null] = successors
  app.clock.pass(11 * SECOND)
  expect(await refresh(successor)).toMatchObject({ code: 'SUCCESS' })
  expect(await audited(user.id, 'refresh_token_reused')).toBe(0)
})

test('two instances answer the same successor', async () => {
  const env = { PUBLIC_URL: app.config.publicUrl }
  const other = await startTestApp({ databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock, env })
  const { tokens } = await signedIn(app)
  const { refreshToken } = tokens
  const answers = await Promise.all(
    [app, other, app, other].map(({ url }) => call(url, 'refreshSession', { refreshToken })),
  )
  await other.close()
  expect(new Set(answers.map((answer) => tokensOf(answer).refreshToken)).size).toBe(1)
})

test('an ancestor of the present token ends the session as well', async () => {
  const { tokens } = await signedIn(app)
  const chain = [tokens.refreshToken]
  for (let index = 0; index < 3; index += 1) {
    app.clock.pass(11 * SECOND)
    chain.push(tokensOf(await refresh(chain.at(-1) ?? null)).refreshToken)
  }
  expect(await refresh(chain[0] ?? null)).toMatchObject({ code: 'INVALID_TOKEN' })
  expect(await refresh(chain[3] ?? null)).toMatchObject({ code: 'INVALID_TOKEN' })
})

test('a client that is two steps behind within the grace gets the present token', async () => {
  const { tokens } = await signedIn(app)
  const second = tokensOf(await refresh(tokens.refreshToken)).refreshToken
  const third = tokensOf(await refresh(second)).refreshToken
  expect(tokensOf(await refresh(tokens.refreshToken)).refreshToken).toBe(third)
  expect(await refresh(third)).toMatchObject({ code: 'SUCCESS' })
})

test('fifty replays at once tell the owner once', async () => {
  const { email, user, tokens } = await signedIn(app)
  await refresh(tokens.refreshToken)
  app.clock.pass(11 * SECOND)
  const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(tokens.refreshToken)))
  expect(answers.map(({ code }) => code)).toEqual(Array(50).fill('INVALID_TOKEN'))
  await app.mail(email, /session/i)
  expect(await audited(user.id, 'refresh_token_reused')).toBe(1)
  expect(await call(app.url, 'login', { email, password: PASSWORD })).toMatchObject({ code: 'SUCCESS' })
})

test('an access token that a refresh gave dies with the session', async () => {
  const { email, tokens } = await signedIn(app)
  const renewed = tokensOf(await refresh(tokens.refreshToken))
  const other = await loggedIn(app, email)
  await call(app.url, 'revokeOtherSessions', undefined, { token: other.tokens.accessToken })
  expect(await me(app.url, { token: renewed.accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
})
