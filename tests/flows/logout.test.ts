import { type TestApp, startTestApp } from '../support/app'
import { DOORS, type LoggedIn, call, me, rest } from '../support/client'
import { PASSWORD, loggedIn, signedIn, verifiedPerson } from '../support/people'
import { until } from '../support/until'

let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await startTestApp()
  other = await startTestApp({
    databaseUrl: app.databaseUrl,
    smtp: app.smtp,
    env: { PUBLIC_URL: app.config.publicUrl },
  })
})
afterAll(async () => {
  await other.close()
  await app.close()
})

describe.each(DOORS)('logout by %s', (_name, door) => {
  test('ends the session that asks, its access token and its refresh token', async () => {
    const { session, tokens } = await signedIn(app)
    const answer = await door(app.url, 'logout', undefined, { token: tokens.accessToken })
    expect(answer).toMatchObject({ code: 'SUCCESS', status: 200, data: { sessionId: session.id } })
    expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
    const { refreshToken } = tokens
    expect(await call(app.url, 'refreshSession', { refreshToken })).toMatchObject({ code: 'INVALID_TOKEN' })
    expect(await door(app.url, 'logout', undefined, { token: tokens.accessToken })).toMatchObject({
      code: 'UNAUTHENTICATED',
    })
  })

  test('leaves the other sessions of the user alone', async () => {
    const first = await signedIn(app)
    const second = await loggedIn(app, first.email)
    await door(app.url, 'logout', undefined, { token: first.tokens.accessToken })
    expect(await me(app.url, { token: second.tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
  })

  describe('by the refresh cookie alone', () => {
    const cookieOf = (headers: Headers) => headers.get('set-cookie')?.split(';')[0] ?? ''
    const CLEARED = /^gatehouse_refresh=; Max-Age=0/
    async function browser() {
      const email = await verifiedPerson(app)
      const { data, headers } = await call(app.url, 'login', { email, password: PASSWORD, transport: 'COOKIE' })
      return { ...(data as unknown as LoggedIn), cookie: cookieOf(headers) }
    }

    test.each([
      ['without an access token', undefined],
      ['with one that is no good', 'x.y.z'],
    ])('%s: ends its session and clears the cookie', async (_what, token) => {
      const { session, tokens, cookie } = await browser()
      const options = { headers: { cookie }, ...(token === undefined ? {} : { token }) }
      const answer = await door(app.url, 'logout', undefined, options)
      expect(answer).toMatchObject({ code: 'SUCCESS', status: 200, data: { sessionId: session.id } })
      expect(answer.headers.get('set-cookie')).toMatch(CLEARED)
      expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
      expect(await call(app.url, 'refreshSession', undefined, { headers: { cookie } })).toMatchObject({
        code: 'INVALID_TOKEN',
      })
    })

    test('with one that has expired, as on a shared computer in the evening', async () => {
      const evening = await startTestApp({
        databaseUrl: app.databaseUrl,
        smtp: app.smtp,
        env: { PUBLIC_URL: app.config.publicUrl, ACCESS_TOKEN_TTL: '1h' },
      })
      try {
        const email = await verifiedPerson(evening)
        const input = { email, password: PASSWORD, transport: 'COOKIE' }
        const { data, headers } = await call(evening.url, 'login', input)
        const { session, tokens } = data as unknown as LoggedIn
        evening.clock.pass(3_600_000)
        const options = { token: tokens.accessToken, headers: { cookie: cookieOf(headers) } }
        const answer = await door(evening.url, 'logout', undefined, options)
        expect(answer).toMatchObject({ code: 'SUCCESS', data: { sessionId: session.id } })
        expect(answer.headers.get('set-cookie')).toMatch(CLEARED)
      } finally {
        await evening.close()
      }
    })

    test('that was replaced meanwhile: ends its session as well', async () => {
      const { session, cookie } = await browser()
      await call(app.url, 'refreshSession', undefined, { headers: { cookie } })
      const answer = await door(app.url, 'logout', undefined, { headers: { cookie } })
      expect(answer).toMatchObject({ code: 'SUCCESS', data: { sessionId: session.id } })
    })

    test('of a session that is over: refused, but the cookie goes', async () => {
      const { cookie } = await browser()
      await door(app.url, 'logout', undefined, { headers: { cookie } })
      for (const dead of [cookie, 'gatehouse_refresh=x', `gatehouse_refresh=${'A'.repeat(43)}`]) {
        const answer = await door(app.url, 'logout', undefined, { headers: { cookie: dead } })
        expect(answer.code).toBe('UNAUTHENTICATED')
        expect(answer.headers.get('set-cookie')).toMatch(CLEARED)
      }
    })

    test('is not believed from a page of another site', async () => {
      const { tokens, cookie } = await browser()
      const headers = { cookie, origin: 'https://evil.example' }
      const answer = await door(app.url, 'logout', undefined, { headers })
      expect(answer.code).toBe('UNAUTHENTICATED')
      expect(answer.headers.get('set-cookie')).toBeNull()
      expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
    })
  })

  test('without a session it is refused', async () => {
    for (const options of [{}, { token: 'x.y.z' }, { headers: { authorization: 'Basic eDp5' } }]) {
      const answer = await door(app.url, 'logout', undefined, options)
      expect(answer.code).toBe('UNAUTHENTICATED')
    }
  })

  test('another instance, which has served the session before, refuses it too', async () => {
    const { tokens } = await signedIn(app)
    expect(await me(other.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
    await door(app.url, 'logout', undefined, { token: tokens.accessToken })
    // The word reaches the other instance by the database, within the moment that this takes.
    await until(async () => (await me(other.url, { token: tokens.accessToken })).code === 'UNAUTHENTICATED')
  })
})

test('a browser whose cookie holds no token of ours gets rid of it', async () => {
  const { tokens } = await signedIn(app)
  const headers = { cookie: 'gatehouse_refresh=not-a-token' }
  const answer = await rest(app.url, 'logout', {}, { token: tokens.accessToken, headers })
  expect(answer.code).toBe('SUCCESS')
  expect(answer.headers.get('set-cookie')).toMatch(/^gatehouse_refresh=; Max-Age=0/)
})
