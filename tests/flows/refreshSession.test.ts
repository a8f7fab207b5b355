import { deriveSecrets } from '../../src/crypto/secrets'
import { InvalidTokenError } from '../../src/errors/userErrors'
import { createLogger } from '../../src/ops/logger'
import { refreshSession } from '../../src/services/refreshSession'
import { deleteExpiredSuccessors } from '../../src/store/refreshTokens'
import { TestClock, type TestApp, startTestApp } from '../support/app'
import { type Answer, DOORS, type LoggedIn, call, me, rest } from '../support/client'
import { ageReplacements } from '../support/grace'
import { PASSWORD, loggedIn, signedIn, verifiedPerson } from '../support/people'
import { dumpTables } from '../support/tables'

const SECOND = 1_000
const DAY = 86_400_000
const CLIENT = {
  ...{ ipAddress: '192.0.2.1', networks: [{ prefix: '192.0.2.1', share: 1 }], userAgent: null, locale: 'en' as const },
  ...{ requestId: 'x', log: createLogger({ level: 'silent', pretty: false }), signal: new AbortController().signal },
}

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const tokensOf = ({ data }: Answer) => data.tokens as LoggedIn['tokens']
const refresh = (refreshToken: string | null) => call(app.url, 'refreshSession', { refreshToken })
const outlastGrace = () => ageReplacements(app.app.deps.database.pool, 11 * SECOND)
const sealed = async () => {
  const { pool } = app.app.deps.database
  return (await pool.query('SELECT 1 FROM replaced_refresh_tokens WHERE successor_sealed IS NOT NULL')).rowCount
}
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
    await ageReplacements(app.app.deps.database.pool, 5 * SECOND)
    const again = tokensOf(await door(app.url, 'refreshSession', { refreshToken: tokens.refreshToken }))
    expect(again.refreshToken).toBe(first.refreshToken)
    expect(await me(app.url, { token: again.accessToken })).toMatchObject({ code: 'SUCCESS' })
    expect(await refresh(first.refreshToken)).toMatchObject({ code: 'SUCCESS' })
    expect(app.smtp.mails.filter(({ recipients }) => recipients.includes(email))).toEqual([])
  })

  test('one that comes back later ends the session with all its tokens, and the owner is told once', async () => {
    const email = await verifiedPerson(app)
    const headers = { 'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1' }
    const own = await call(app.url, 'login', { email, password: PASSWORD }, { headers })
    const { user, tokens } = own.data as unknown as LoggedIn
    const elsewhere = await loggedIn(app, email)
    const renewed = tokensOf(await door(app.url, 'refreshSession', { refreshToken: tokens.refreshToken }, { headers }))
    await me(app.url, { token: renewed.accessToken })
    await outlastGrace()
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
    // The device of the session that ended, not the one that used the token again.
    expect(notice.parsed.text).toMatch(/^Device: Safari · iPhone · /m)
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
  await outlastGrace()
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
    await outlastGrace()
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
  await outlastGrace()
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

describe('the grace', () => {
  // Clocks of two machines differ: judged by them, fifteen seconds of skew ended sessions as stolen.
  test.each([-20, 20])(
    'is judged by the database alone, where the clock of another instance is %i s off',
    async (skew) => {
      const clock = new TestClock()
      clock.pass(app.clock.now().getTime() - Date.now() + skew * SECOND)
      const env = { PUBLIC_URL: app.config.publicUrl }
      const other = await startTestApp({ databaseUrl: app.databaseUrl, smtp: app.smtp, clock, env })
      try {
        const { user, tokens } = await signedIn(app)
        const first = tokensOf(await refresh(tokens.refreshToken)).refreshToken
        const again = await call(other.url, 'refreshSession', { refreshToken: tokens.refreshToken })
        expect(tokensOf(again).refreshToken).toBe(first)
        const second = tokensOf(await call(other.url, 'refreshSession', { refreshToken: first })).refreshToken
        expect(tokensOf(await refresh(first)).refreshToken).toBe(second)
        expect(await audited(user.id, 'refresh_token_reused')).toBe(0)
        await outlastGrace()
        for (const { url } of [app, other]) {
          expect(await call(url, 'refreshSession', { refreshToken: first })).toMatchObject({ code: 'INVALID_TOKEN' })
        }
        expect(await audited(user.id, 'refresh_token_reused')).toBe(1)
      } finally {
        await other.close()
      }
    },
  )

  test('is the only time that the successor is stored: sealed, then deleted at the next use', async () => {
    await deleteExpiredSuccessors(app.app.deps.database.prisma, 0)
    const { tokens } = await signedIn(app)
    const next = tokensOf(await refresh(tokens.refreshToken)).refreshToken
    expect(await sealed()).toBe(1)
    await outlastGrace()
    const { refreshToken } = tokensOf(await refresh(next))
    expect(await sealed()).toBe(1)
    const dump = await dumpTables(app.app.deps.database.pool)
    for (const token of [tokens.refreshToken, next, refreshToken]) {
      expect(dump).not.toContain(token)
      expect(dump).not.toContain(Buffer.from(token ?? '').toString('hex'))
    }
  })

  test('deletes what it sealed for sessions that are not used on, and leaves what it still needs', async () => {
    const { prisma } = app.app.deps.database
    const [idle, used] = [await signedIn(app), await signedIn(app)]
    await refresh(idle.tokens.refreshToken)
    await outlastGrace()
    const next = tokensOf(await refresh(used.tokens.refreshToken)).refreshToken
    await deleteExpiredSuccessors(prisma, app.config.refreshGrace)
    expect(await sealed()).toBe(1)
    expect(tokensOf(await refresh(used.tokens.refreshToken)).refreshToken).toBe(next)
  })

  // What the release before this one wrote has no sealed successor: it derives it.
  test('of a token that the release before replaced answers nothing, and ends no session', async () => {
    const { user, tokens } = await signedIn(app)
    const next = tokensOf(await refresh(tokens.refreshToken)).refreshToken
    await app.app.deps.database.pool.query('UPDATE replaced_refresh_tokens SET successor_sealed = NULL')
    expect(await refresh(tokens.refreshToken)).toMatchObject({ code: 'INVALID_TOKEN' })
    expect(await refresh(next)).toMatchObject({ code: 'SUCCESS' })
    expect(await audited(user.id, 'refresh_token_reused')).toBe(0)
    await outlastGrace()
    expect(await refresh(tokens.refreshToken)).toMatchObject({ code: 'INVALID_TOKEN' })
    expect(await audited(user.id, 'refresh_token_reused')).toBe(1)
  })

  test('of nought is none: the second use ends the session', async () => {
    const env = { REFRESH_GRACE: '0s', PUBLIC_URL: app.config.publicUrl }
    const strict = await startTestApp({ databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock, env })
    try {
      const { user, tokens } = await signedIn(app)
      const { refreshToken } = tokens
      await deleteExpiredSuccessors(app.app.deps.database.prisma, 0)
      expect(await call(strict.url, 'refreshSession', { refreshToken })).toMatchObject({ code: 'SUCCESS' })
      expect(await sealed()).toBe(0)
      expect(await call(strict.url, 'refreshSession', { refreshToken })).toMatchObject({ code: 'INVALID_TOKEN' })
      expect(await audited(user.id, 'refresh_token_reused')).toBe(1)
    } finally {
      await strict.close()
    }
  })
})

describe('the age of a session', () => {
  const DAYS = 3
  let aged: TestApp
  beforeAll(async () => {
    aged = await startTestApp({ env: { SESSION_MAX_AGE: `${DAYS}d`, REFRESH_TOKEN_TTL: '2d', ACCESS_TOKEN_TTL: '1d' } })
  })
  afterAll(() => aged.close())
  const refreshed = (refreshToken: string | null) => call(aged.url, 'refreshSession', { refreshToken })

  test('is counted from its login: no refresh takes the session, or an access token, beyond it', async () => {
    const { session, tokens } = await signedIn(aged)
    const { rows } = await aged.app.deps.database.pool.query<{ created_at: Date }>(
      'SELECT created_at FROM sessions WHERE id = $1',
      [session.id],
    )
    const end = (rows[0]?.created_at.getTime() ?? 0) + DAYS * DAY
    aged.clock.pass(1.5 * DAY)
    const first = tokensOf(await refreshed(tokens.refreshToken))
    expect(Date.parse(first.refreshTokenExpiresAt)).toBe(end)
    aged.clock.pass(DAY)
    const second = tokensOf(await refreshed(first.refreshToken))
    expect(Date.parse(second.refreshTokenExpiresAt)).toBe(end)
    expect(Date.parse(second.accessTokenExpiresAt)).toBe(Math.floor(end / SECOND) * SECOND)
    aged.clock.pass(0.5 * DAY)
    expect(await refreshed(second.refreshToken)).toMatchObject({ code: 'EXPIRED_TOKEN' })
    expect(await me(aged.url, { token: second.accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
  })

  test('counts also where the session was opened under a longer one', async () => {
    const { session, tokens } = await signedIn(aged)
    const text = "UPDATE sessions SET created_at = created_at - interval '4 d' WHERE id = $1"
    await aged.app.deps.database.pool.query(text, [session.id])
    expect(await refreshed(tokens.refreshToken)).toMatchObject({ code: 'EXPIRED_TOKEN' })
  })

  test('shortens a session from the start where it is less than its life without use', async () => {
    const short = await startTestApp({ env: { SESSION_MAX_AGE: '1h' } })
    try {
      const { tokens } = await signedIn(short)
      expect(tokens.accessTokenExpiresAt <= tokens.refreshTokenExpiresAt).toBe(true)
      expect(Date.parse(tokens.refreshTokenExpiresAt) - short.clock.now().getTime()).toBeLessThanOrEqual(3_600_000)
    } finally {
      await short.close()
    }
  })
})

describe('a replaced token', () => {
  async function replaced() {
    const { user, tokens } = await signedIn(app)
    expect((await refresh(tokens.refreshToken)).code).toBe('SUCCESS')
    return { user, presented: tokens.refreshToken ?? '' }
  }

  test('whose successor cannot be opened any more is refused, and its session goes on', async () => {
    const { presented } = await replaced()
    const deps = { ...app.app.deps, secrets: deriveSecrets('quite another secret, which is long enough', null) }
    await expect(refreshSession(deps, CLIENT, presented)).rejects.toBeInstanceOf(InvalidTokenError)
    expect((await refresh(presented)).code).toBe('SUCCESS')
  })

  test('of a session that is over is expired, and no sign of a copy: its owner gets no alarm', async () => {
    const { user, presented } = await replaced()
    app.clock.pass(31 * DAY)
    expect((await refresh(presented)).code).toBe('EXPIRED_TOKEN')
    expect(await audited(user.id, 'refresh_token_reused')).toBe(0)
  })
})
