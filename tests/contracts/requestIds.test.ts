import { type TestApp, startTestApp } from '../support/app'
import { type Answer, call } from '../support/client'
import { PASSWORD, someone, verifiedPerson } from '../support/people'

let app: TestApp
let email: string
beforeAll(async () => {
  // Nothing listens at port 1: the check of the password writes a line, too.
  app = await startTestApp({ env: { NODE_ENV: 'test', RATE_LIMITS: 'on', BREACH_CHECK_URL: 'http://127.0.0.1:1' } })
  email = await verifiedPerson(app)
})
afterAll(() => app.close())

/** Lines that no request writes. */
const IN_BACKGROUND = ['purged', 'mail_capped']

/** The events of the lines that a request wrote. Each line must carry the id that the client was given. */
async function eventsOf(send: () => Promise<Answer>): Promise<unknown[]> {
  const before = app.log.length
  const { headers } = await send()
  const lines = app.log.slice(before).filter(({ event }) => !IN_BACKGROUND.includes(String(event)))
  const id = headers.get('x-request-id')
  expect(id).toMatch(/^[0-9a-f-]{36}$/)
  expect(lines.map(({ requestId }) => requestId)).toEqual(lines.map(() => id))
  return lines.map(({ event }) => event)
}

describe('every log line of a request carries the id that its client was given', () => {
  test('a login', async () => {
    expect(await eventsOf(() => call(app.url, 'login', { email, password: PASSWORD }))).toEqual(['login_succeeded'])
  })

  test('a wrong password', async () => {
    expect(await eventsOf(() => call(app.url, 'login', { email, password: 'not the password' }))).toEqual([
      'login_failed',
    ])
  })

  test('a mail that is requested, and the rate limit that refuses the next ones', async () => {
    const request = () => call(app.url, 'requestReset', { email })
    expect(await eventsOf(request)).toEqual(['mail_requested'])
    let events: unknown[] = []
    for (let tries = 0; tries < 30 && !events.includes('rate_limited'); tries += 1) events = await eventsOf(request)
    expect(events).toEqual(['rate_limited'])
  })

  test('a registration whose password could not be checked', async () => {
    const register = () => call(app.url, 'register', { email: someone(), password: PASSWORD })
    expect(await eventsOf(register)).toEqual(['breach_check_failed', 'registration_requested'])
  })

  test('a fault of the server', async () => {
    await app.app.deps.database.pool.query('ALTER TABLE sessions RENAME TO sessions_gone')
    expect(await eventsOf(() => call(app.url, 'login', { email, password: PASSWORD }))).toEqual(['request_failed'])
  })
})
