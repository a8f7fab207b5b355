import * as oauth from 'oauth4webapi'
import { type TestApp, startTestApp } from '../support/app'
import { loggedIn, verifiedPerson } from '../support/people'

let app: TestApp
/** The same service with the claims of RFC 9068. */
let strict: TestApp
beforeAll(async () => {
  app = await startTestApp({ periodic: false })
  const env = {
    PUBLIC_URL: app.config.publicUrl,
    ACCESS_TOKEN_CLIENT_ID: 'gatehouse',
    SECURITY_CONTACT: 'mailto:security@example.com',
    BRAND_LOGO_URL: 'https://cdn.example.com/a,b;c/logo.svg?v=2',
  }
  strict = await startTestApp({ databaseUrl: app.databaseUrl, smtp: app.smtp, clock: app.clock, periodic: false, env })
})
afterAll(async () => {
  await strict.close()
  await app.close()
})

// eslint-disable-next-line @typescript-eslint/no-deprecated -- the option for tests without TLS
const PLAIN = { [oauth.allowInsecureRequests]: true }

/** What a service does that is given the issuer alone. */
async function verify(
  token: string,
  algorithm: 'oidc' | 'oauth2',
  audience: string,
): Promise<oauth.JWTAccessTokenClaims> {
  const issuer = new URL(app.config.publicUrl)
  const found = await oauth.discoveryRequest(issuer, { algorithm, ...PLAIN })
  const server = await oauth.processDiscoveryResponse(issuer, found)
  const request = new Request('https://orders.example.com', { headers: { authorization: `Bearer ${token}` } })
  return oauth.validateJwtAccessToken(server, request, audience, PLAIN)
}

test.each([['oidc'], ['oauth2']] as const)(
  'a strict verifier accepts a token by the issuer alone: %s',
  async (algorithm) => {
    const { tokens, user } = await loggedIn(strict, await verifiedPerson(app))
    await expect(verify(tokens.accessToken, algorithm, app.config.publicUrl)).resolves.toMatchObject({
      sub: user.id,
      client_id: 'gatehouse',
    })
  },
)

test('it refuses a token for another audience, and one that was changed', async () => {
  const { tokens } = await loggedIn(strict, await verifiedPerson(app))
  await expect(verify(tokens.accessToken, 'oauth2', 'https://orders.example.com')).rejects.toThrow()
  const [header = '', payload = '', signature = ''] = tokens.accessToken.split('.')
  const changed = [header, payload, signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))].join('.')
  await expect(verify(changed, 'oauth2', app.config.publicUrl)).rejects.toThrow()
})

test('the document is readable from any page, and names no endpoint that does not exist', async () => {
  const answer = await fetch(`${app.url}/.well-known/openid-configuration`)
  expect(answer.headers.get('access-control-allow-origin')).toBe('*')
  const metadata = (await answer.json()) as Record<string, unknown>
  const endpoints = Object.entries(metadata).filter(([name]) => name.endsWith('_endpoint'))
  expect(endpoints.map(([name]) => name)).toEqual(['introspection_endpoint', 'revocation_endpoint'])
  for (const [, url] of endpoints) {
    const { pathname } = new URL(String(url))
    expect((await fetch(app.url + pathname, { method: 'POST' })).status).not.toBe(404)
  }
  expect((await fetch(String(metadata.jwks_uri).replace(app.config.publicUrl, app.url))).status).toBe(200)
})

test('password managers are led to the account page, and finders of faults to the contact', async () => {
  const change = await fetch(`${app.url}/.well-known/change-password`, { redirect: 'manual' })
  expect([change.status, change.headers.get('location')]).toEqual([302, '/account'])
  const text = await (await fetch(`${strict.url}/.well-known/security.txt`)).text()
  expect(text).toMatch(/^Contact: mailto:security@example\.com\nExpires: \d{4}-.*Z\nCanonical: http/)
  expect((await fetch(`${app.url}/.well-known/security.txt`)).status).toBe(404)
})

test.each(['/account', '/verify-email'])(
  '%s shows the logo of the configuration, and may load no other picture',
  async (path) => {
    const answer = await fetch(`${strict.url}${path}`)
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy.split('; ')).toContain("img-src 'self' https://cdn.example.com/a%2Cb%3Bc/logo.svg")
    const page = await answer.text()
    expect(page).toContain('<img class="logo" src="https://cdn.example.com/a,b;c/logo.svg?v=2" alt="Gatehouse"')
    expect(page).toContain('<link rel="icon" href="https://cdn.example.com/a,b;c/logo.svg?v=2"')
    expect((await fetch(`${app.url}${path}`)).headers.get('content-security-policy')).toContain("img-src 'self';")
  },
)
