import { calculateJwkThumbprint } from 'jose'
import { rotateSigningKeys } from '../../src/services/signingKeys'
import { type TestApp, startTestApp } from '../support/app'
import { me } from '../support/client'
import { ageKeys } from '../support/keyAge'
import { signedIn } from '../support/people'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

interface Jwk {
  kid: string
  [name: string]: unknown
}
const DAY = 86_400_000
const ask = (headers: Record<string, string> = {}) => fetch(`${app.url}/.well-known/jwks.json`, { headers })
const keys = async () => ((await (await ask()).json()) as { keys: Jwk[] }).keys

test('it holds public keys for ES256 and nothing private, each named by its thumbprint', async () => {
  const published = await keys()
  expect(published).toHaveLength(2) // the one that signs, and the next one
  for (const key of published) {
    expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
    expect(key).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })
    expect(key.kid).toBe(await calculateJwkThumbprint(key))
  }
})

test('anyone may cache it for five minutes, and read it from any origin', async () => {
  const { headers } = await ask({ origin: 'https://anyone.example' })
  expect(headers.get('cache-control')).toBe('public, max-age=300')
  expect(headers.get('content-type')).toBe('application/jwk-set+json; charset=utf-8')
  expect(headers.get('access-control-allow-origin')).toBe('*')
  expect(headers.get('access-control-allow-credentials')).toBeNull()
  expect(headers.get('x-content-type-options')).toBe('nosniff')
})

test.each([
  ['its tag', (tag: string) => tag],
  ['its tag as a weak one', (tag: string) => `W/${tag}`],
  ['a list with its tag', (tag: string) => `"other", ${tag}`],
  ['a star', () => '*'],
])('one who knows it, by %s, is told so in 304', async (_name, header) => {
  const tag = (await ask()).headers.get('etag') ?? ''
  const again = await ask({ 'if-none-match': header(tag) })
  expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag])
  expect(again.headers.get('cache-control')).toBe('public, max-age=300')
})

test('another tag gets the keys', async () => {
  expect((await ask({ 'if-none-match': '"other"' })).status).toBe(200)
})

test('after a rotation there is another tag, the old key still verifies, and goes when its last token is dead', async () => {
  const person = await signedIn(app)
  const tag = (await ask()).headers.get('etag')
  const [before, signing] = [await keys(), app.app.deps.keyring.signingKey(app.clock.now()).kid]
  await rotateSigningKeys(app.app.deps, { immediately: true })
  const next = app.app.deps.keyring.signingKey(app.clock.now()).kid
  expect(before.map(({ kid }) => kid)).toContain(next) // it stood there before it signed
  expect((await ask()).headers.get('etag')).not.toBe(tag)
  expect((await keys()).map(({ kid }) => kid)).toContain(signing)
  expect((await me(app.url, { token: person.tokens.accessToken })).code).toBe('SUCCESS')
  await ageKeys(DAY + 6 * 60_000, app)
  expect((await keys()).map(({ kid }) => kid)).not.toContain(signing)
})

test('a public key that was put into the database is not published: its row is ignored and logged, and replaced', async () => {
  const { deps } = app.app
  const [before] = await keys()
  const forged = { ...before, x: 'A'.repeat(43) }
  await deps.database.pool.query('UPDATE signing_keys SET public_jwk = $1 WHERE kid = $2', [forged, before?.kid])
  await rotateSigningKeys(deps, { immediately: false })
  const published = await keys()
  expect(published.map(({ x }) => x)).not.toContain(forged.x)
  expect(published.map(({ kid }) => kid)).not.toContain(before?.kid)
  expect(app.log).toContainEqual(expect.objectContaining({ event: 'signing_key_ignored', kid: before?.kid }))
  const { tokens } = await signedIn(app)
  expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
})
