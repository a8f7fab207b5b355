import { type TestApp, startTestApp } from '../support/app'
import { DOORS, call, me } from '../support/client'
import { loggedIn, signedIn } from '../support/people'
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
