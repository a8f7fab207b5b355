import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from 'pg'
import { deriveSecrets } from '../../src/crypto/secrets'
import { InvalidTokenError } from '../../src/errors/userErrors'
import { createLogger } from '../../src/ops/logger'
import { refreshSession } from '../../src/services/refreshSession'
import { type TestApp, startTestApp } from '../support/app'
import { DOORS, call, post, rest } from '../support/client'
import { NEW_PASSWORD, PASSWORD, signedIn, someone } from '../support/people'
import { until } from '../support/until'

const LEAKED = 'marble teapot under seven bridges'
const DAY = 86_400_000

let breaches: Server
let app: TestApp
let other: Client

beforeAll(async () => {
  const line = `${createHash('sha1').update(LEAKED).digest('hex').toUpperCase().slice(5)}:17\r\n`
  breaches = createServer((_request, response) => response.end(line)).listen(0, '127.0.0.1')
  await once(breaches, 'listening')
  const { port } = breaches.address() as AddressInfo
  app = await startTestApp({ env: { BREACH_CHECK_URL: `http://127.0.0.1:${port}/` } })
  other = new Client({ connectionString: app.databaseUrl })
  await other.connect()
})
afterAll(async () => {
  await other.end()
  await app.close()
  breaches.close()
})

const client = {
  ...{ ipAddress: '192.0.2.1', networks: [{ prefix: '192.0.2.1', share: 1 }], userAgent: null, locale: 'en' as const },
  ...{ requestId: 'x', log: createLogger({ level: 'silent', pretty: false }), signal: new AbortController().signal },
}

/** Resolves once a session of the server waits for a row that another holds. */
const somebodyWaits = () =>
  until(async () => {
    const { rowCount } = await other.query(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    )
    return rowCount === 1
  })

// The race: the password is compared, changed by somebody else, and only then used.
test('an address is not asked to change by a password that was replaced while it was compared', async () => {
  const { user, email, tokens } = await signedIn(app)
  await other.query('BEGIN')
  await other.query('UPDATE users SET password_changed_at = now() WHERE id = $1', [user.id])
  const input = { newEmail: someone(), password: PASSWORD }
  const asked = call(app.url, 'requestEmailChange', input, { token: tokens.accessToken })
  await somebodyWaits()
  await other.query('COMMIT')
  expect(await asked).toMatchObject({ code: 'INVALID_CREDENTIALS' })
  expect((await other.query('SELECT 1 FROM mails WHERE recipient IN ($1, $2)', [email, input.newEmail])).rows).toEqual(
    [],
  )
})

test('a link to verify an address verifies no other one that the account has by now', async () => {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD })
  const token = await app.mailedToken(email)
  await other.query('UPDATE users SET email = $1 WHERE email = $2', [someone(), email])
  expect(await call(app.url, 'verifyEmail', { token })).toMatchObject({ code: 'INVALID_TOKEN' })
})

describe('a replaced refresh token', () => {
  async function replaced() {
    const { tokens } = await signedIn(app)
    const presented = tokens.refreshToken ?? ''
    expect(await call(app.url, 'refreshSession', { refreshToken: presented })).toMatchObject({ code: 'SUCCESS' })
    return presented
  }

  test('whose successor nobody can derive any more is refused, and its session goes on', async () => {
    const presented = await replaced()
    const deps = { ...app.app.deps, secrets: deriveSecrets('quite another secret, which is long enough', null) }
    await expect(refreshSession(deps, client, presented)).rejects.toBeInstanceOf(InvalidTokenError)
    expect(await call(app.url, 'refreshSession', { refreshToken: presented })).toMatchObject({ code: 'SUCCESS' })
  })

  test('of a session that is over is expired, and no sign of a copy: its owner gets no alarm', async () => {
    const presented = await replaced()
    app.clock.pass(31 * DAY)
    expect(await call(app.url, 'refreshSession', { refreshToken: presented })).toMatchObject({ code: 'EXPIRED_TOKEN' })
    const { rows } = await other.query("SELECT 1 FROM audit_events WHERE type = 'refresh_token_reused'")
    expect(rows).toEqual([])
  })
})

describe.each(DOORS)('by %s', (_name, door) => {
  test('a password that stands in a list of leaked ones is weak, however long it is, and says why', async () => {
    const answer = await door(app.url, 'register', { email: someone(), password: LEAKED })
    expect(answer).toMatchObject({ code: 'WEAK_PASSWORD', data: { score: 0 } })
    expect(answer.data.suggestions).toHaveLength(1)
    expect(await door(app.url, 'register', { email: someone(), password: NEW_PASSWORD })).toMatchObject({
      code: 'SUCCESS',
    })
  })
})

test('a browser whose cookie holds no token of ours gets rid of it when it logs out', async () => {
  const { tokens } = await signedIn(app)
  const headers = { cookie: 'gatehouse_refresh=not-a-token' }
  const answer = await rest(app.url, 'logout', {}, { token: tokens.accessToken, headers })
  expect(answer.code).toBe('SUCCESS')
  expect(answer.headers.get('set-cookie')).toMatch(/^gatehouse_refresh=; Max-Age=0/)
})

test('a document that spreads a fragment it does not have is refused as invalid, and costs nothing', async () => {
  const answer = await post(app.url, { query: '{ __typename ...nowhere }' })
  expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] })
})
