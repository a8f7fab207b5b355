import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPublicKey } from 'node:crypto'
import { auth } from 'express-oauth2-jwt-bearer'
import buildGetJwks from 'get-jwks'
import jwt from 'jsonwebtoken'
import * as openid from 'openid-client'
import { type TestApp, startTestApp } from '../support/app'
import { loggedIn, signedIn, verifiedPerson } from '../support/people'

/** What other people's software makes of our tokens, given the issuer's URL alone. */
let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ env: { ACCESS_TOKEN_CLIENT_ID: 'gatehouse' }, periodic: false })
})
afterAll(() => app.close())

/** Its types need those of Express, which we do not have. */
const createVerifier = auth as unknown as (
  options: Record<string, unknown>,
) => (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: Error & { status?: number }) => void,
) => Promise<void>

/** The status of a service whose requests pass express-oauth2-jwt-bearer. */
async function askService(token: string, strict: boolean, audience = app.config.publicUrl): Promise<number> {
  const verify = createVerifier({ issuerBaseURL: app.config.publicUrl, audience, tokenSigningAlg: 'ES256', strict })
  const service = createServer((request, response) => {
    const asExpress = {
      protocol: 'http',
      query: {},
      is: () => false,
      get: (name: string) => request.headers[name.toLowerCase()],
    }
    void verify(Object.assign(request, asExpress), response, (error) => {
      response.writeHead(error === undefined ? 200 : (error.status ?? 500)).end(error?.message)
    })
  })
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
  const { port } = service.address() as AddressInfo
  const { status } = await fetch(`http://127.0.0.1:${port}`, { headers: { authorization: `Bearer ${token}` } })
  service.close()
  return status
}

test.each([
  ['as it comes', false],
  ['strict, by RFC 9068', true],
])('express-oauth2-jwt-bearer, %s, accepts a token and refuses one for another audience', async (_how, strict) => {
  const { tokens } = await signedIn(app)
  expect(await askService(tokens.accessToken, strict)).toBe(200)
  expect(await askService(tokens.accessToken, strict, 'https://orders.example.com')).toBe(401)
})

test('get-jwks finds the key by the issuer, and none once it was removed', async () => {
  const { tokens, user } = await loggedIn(app, await verifiedPerson(app))
  const { kid = '' } = jwt.decode(tokens.accessToken, { complete: true })?.header ?? {}
  const find = (id: string) =>
    buildGetJwks({ providerDiscovery: true }).getJwk({ domain: app.config.publicUrl, alg: 'ES256', kid: id })
  const key = createPublicKey({ key: await find(kid), format: 'jwk' })
  expect(jwt.verify(tokens.accessToken, key, { issuer: app.config.publicUrl })).toMatchObject({ sub: user.id })
  await expect(find('removed')).rejects.toThrow()
})

test.each(['oidc', 'oauth2'] as const)('openid-client discovers the server by its issuer: %s', async (algorithm) => {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the option for tests without TLS
  const options: openid.DiscoveryRequestOptions = { algorithm, execute: [openid.allowInsecureRequests] }
  const found = await openid.discovery(new URL(app.config.publicUrl), 'orders', undefined, openid.None(), options)
  expect(found.serverMetadata()).toMatchObject({
    issuer: app.config.publicUrl,
    jwks_uri: `${app.config.publicUrl}/.well-known/jwks.json`,
  })
  const { tokens } = await signedIn(app)
  await expect(openid.tokenRevocation(found, tokens.accessToken)).resolves.toBeUndefined()
  expect(await askService(tokens.accessToken, true)).toBe(200) // by its signature, until it expires
})
