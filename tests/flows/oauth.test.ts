import * as oauth from 'oauth4webapi'
import { type TestApp, startTestApp } from '../support/app'
import { call, me } from '../support/client'
import { createServiceKey } from '../../src/services/createServiceKey'
import { signedIn } from '../support/people'
import { until } from '../support/until'

let app: TestApp
/** Another instance on the same database. */
let other: TestApp
let key: string

beforeAll(async () => {
  app = await startTestApp()
  const env = { PUBLIC_URL: app.config.publicUrl, ACCESS_TOKEN_CLIENT_ID: 'gatehouse' }
  other = await startTestApp({ env, databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock })
  key = await keyWith(['introspect'])
})
afterAll(async () => {
  await other.close()
  await app.close()
})

async function keyWith(scopes: string[], days = 1): Promise<string> {
  const actor = { kind: 'cli', ipAddress: null, userAgent: null, log: app.app.deps.logger } as const
  return (await createServiceKey(app.app.deps, actor, { name: 'orders', scopes, days, allowedIps: [] })).key
}

const basic = (password: string) => `Basic ${Buffer.from(`orders:${password}`).toString('base64')}`

async function introspect(token: string, { url = app.url, authorization = basic(key) } = {}) {
  const response = await fetch(`${url}/oauth/introspect`, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams({ token }),
  })
  const { status, headers } = response
  return { status, headers, body: (await response.json()) as Record<string, unknown> }
}

async function revoke(token: string, url = app.url): Promise<number> {
  return (await fetch(`${url}/oauth/revoke`, { method: 'POST', body: new URLSearchParams({ token }) })).status
}

describe('introspection', () => {
  test('answers the claims of a live token to a client that knows the issuer alone, and is no work of ours', async () => {
    const { user, session, tokens } = await signedIn(other)
    const issuer = new URL(app.config.publicUrl)
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- the option for tests without TLS
    const plain = { [oauth.allowInsecureRequests]: true }
    const server = await oauth.processDiscoveryResponse(
      issuer,
      await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...plain }),
    )
    const client = { client_id: 'orders' }
    const answer = await oauth.introspectionRequest(
      server,
      client,
      oauth.ClientSecretBasic(key),
      tokens.accessToken,
      plain,
    )
    const claims = await oauth.processIntrospectionResponse(server, client, answer)
    expect(claims).toMatchObject({
      ...{ active: true, token_type: 'Bearer', iss: app.config.publicUrl, aud: app.config.publicUrl },
      ...{ sub: user.id, sid: session.id, client_id: 'gatehouse', acr: 'aal1', amr: ['pwd'] },
      ...{
        iat: expect.any(Number) as number,
        exp: expect.any(Number) as number,
        auth_time: expect.any(Number) as number,
      },
    })
    const revoked = await oauth.revocationRequest(server, client, oauth.None(), tokens.accessToken, plain)
    await expect(oauth.processRevocationResponse(revoked)).resolves.toBeUndefined()
    expect((await introspect(tokens.accessToken)).body).toEqual({ active: false })
  })

  test('says at once that a token is no longer active once its session ended on another instance', async () => {
    const { tokens } = await signedIn(app)
    expect((await introspect(tokens.accessToken)).body.active).toBe(true)
    await call(other.url, 'logout', undefined, { token: tokens.accessToken })
    await until(async () => (await introspect(tokens.accessToken)).body.active === false)
  })

  test('says no more of a token that is not active', async () => {
    const { tokens } = await signedIn(app)
    const elsewhere = await startTestApp({ env: { PUBLIC_URL: 'http://elsewhere.example:4000' } })
    const foreign = await signedIn(elsewhere)
    await elsewhere.close()
    for (const token of ['garbage', tokens.refreshToken ?? '', foreign.tokens.accessToken, `${tokens.accessToken}x`]) {
      const { status, body, headers } = await introspect(token)
      expect({ status, body, cache: headers.get('cache-control') }).toEqual({
        status: 200,
        body: { active: false },
        cache: 'no-store',
      })
    }
  })

  test('takes the key as a bearer token too', async () => {
    const { tokens } = await signedIn(app)
    expect((await introspect(tokens.accessToken, { authorization: `Bearer ${key}` })).body.active).toBe(true)
  })

  test.each([
    ['no key', () => Promise.resolve('')],
    ['what is no key', () => Promise.resolve(basic('secret'))],
    ['a key that nobody knows', () => Promise.resolve(basic(`ghk_${'0'.repeat(32)}_${'a'.repeat(43)}`))],
    ['an access token', async () => `Bearer ${(await signedIn(app)).tokens.accessToken}`],
  ])('%s is refused with 401 and how to authenticate', async (_what, credentials) => {
    const { tokens } = await signedIn(app)
    const { status, body, headers } = await introspect(tokens.accessToken, { authorization: await credentials() })
    expect({ status, body }).toEqual({ status: 401, body: { error: 'invalid_client' } })
    expect(headers.get('www-authenticate')).toBe('Basic realm="gatehouse"')
  })

  test('a key without the scope is refused with 403', async () => {
    const reader = await keyWith(['users:read'])
    expect(await introspect('garbage', { authorization: basic(reader) })).toMatchObject({
      status: 403,
      body: { error: 'insufficient_scope' },
    })
  })

  test('counts 600 calls a minute of one key', async () => {
    const limited = await startTestApp({ env: { RATE_LIMITS: 'on' }, databaseUrl: app.databaseUrl, clock: app.clock })
    const authorization = basic(await keyWith(['introspect']))
    const ask = async () => (await introspect('garbage', { url: limited.url, authorization })).status
    const statuses = await Promise.all(Array.from({ length: 600 }, ask))
    const { status, headers } = await introspect('garbage', { url: limited.url, authorization })
    await limited.close()
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect(status).toBe(429)
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
  })
})

describe('revocation', () => {
  test.each(['accessToken', 'refreshToken'] as const)('of the %s ends the session on every instance', async (kind) => {
    const { tokens } = await signedIn(app)
    expect((await me(other.url, { token: tokens.accessToken })).code).toBe('SUCCESS')
    expect(await revoke(tokens[kind] ?? '')).toBe(200)
    expect((await me(app.url, { token: tokens.accessToken })).code).toBe('UNAUTHENTICATED')
    await until(async () => (await me(other.url, { token: tokens.accessToken })).code === 'UNAUTHENTICATED')
    expect((await call(other.url, 'refreshSession', { refreshToken: tokens.refreshToken })).code).toBe('INVALID_TOKEN')
  })

  test('of 50 at once is recorded once', async () => {
    const { user, tokens } = await signedIn(app)
    await Promise.all(Array.from({ length: 50 }, () => revoke(tokens.refreshToken ?? '')))
    const { rows } = await app.app.deps.database.pool.query(
      `SELECT 1 FROM audit_events WHERE user_id = $1 AND type = 'logged_out'`,
      [user.id],
    )
    expect(rows).toHaveLength(1)
  })

  test('of what nobody knows succeeds, and tells nothing', async () => {
    const { tokens } = await signedIn(app)
    await revoke(tokens.refreshToken ?? '')
    for (const token of ['garbage', 'a'.repeat(43), tokens.refreshToken ?? '', tokens.accessToken])
      expect(await revoke(token)).toBe(200)
  })
})

describe.each(['/oauth/introspect', '/oauth/revoke'])('%s', (path) => {
  const post = async (body: string | URLSearchParams, headers: Record<string, string> = {}) => {
    const init = { method: 'POST', body, headers: { authorization: basic(key), ...headers } }
    const response = await fetch(`${app.url}${path}`, init)
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  test('takes a form alone: JSON is 415', async () => {
    const json = { 'content-type': 'application/json' }
    expect(await post('{"token":"x"}', json)).toEqual({ status: 415, body: { error: 'invalid_request' } })
  })

  test('needs exactly one token, and reads none from the URL', async () => {
    for (const body of ['', 'token=', 'token=a&token=b', 'other=a']) {
      expect(await post(new URLSearchParams(body))).toEqual({ status: 400, body: { error: 'invalid_request' } })
    }
    const inUrl = await fetch(`${app.url}${path}?token=x`, { method: 'POST', headers: { authorization: basic(key) } })
    expect(inUrl.status).toBe(400)
  })

  test('refuses GET with 405', async () => {
    const response = await fetch(`${app.url}${path}?token=x`)
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
  })
})

test('no other route takes a form', async () => {
  for (const path of ['/graphql', '/api/auth/login', '/api/auth/refresh']) {
    const response = await fetch(`${app.url}${path}`, { method: 'POST', body: new URLSearchParams({ token: 'x' }) })
    expect(response.status).toBe(415)
  }
})
