import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { createLocalJWKSet, createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { type TestApp, startTestApp } from '../support/app'
import { type LoggedIn, me, rest } from '../support/client'
import { signedIn } from '../support/people'

let app: TestApp
let person: LoggedIn
let key: { kid: string; privateKey: KeyObject; publicKey: KeyObject }
beforeAll(async () => {
  app = await startTestApp()
  person = await signedIn(app)
  key = app.app.deps.keyring.signingKey(app.clock.now())
})
afterAll(() => app.close())

type Part = Record<string, unknown>
const encode = (part: Part | string) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
const seconds = () => Math.floor(app.clock.now().getTime() / 1000)

const ownHeader = (): Part => ({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })
const ownClaims = (): Part => {
  const origin = app.config.publicUrl
  const iat = seconds()
  return {
    iss: origin,
    aud: origin,
    sub: person.user.id,
    sid: person.session.id,
    jti: randomUUID(),
    iat,
    exp: iat + 600,
  }
}
/** Signed as the header's algorithm says, by default with the server's own key. */
function signed(header: Part, claims: Part | string, by: KeyObject = key.privateKey): string {
  const input = `${encode(header)}.${encode(claims)}`
  const hash = /384/.test(String(header.alg)) ? 'sha384' : 'sha256'
  return `${input}.${sign(hash, Buffer.from(input), { key: by, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}
const withHeader = (change: Part) => () => signed({ ...ownHeader(), ...change }, ownClaims())
const withClaims = (change: Part) => () => signed(ownHeader(), { ...ownClaims(), ...change })
const without = (part: Part, name: string) => Object.fromEntries(Object.entries(part).filter(([key]) => key !== name))
const soon = (offset: number) => () => seconds() + offset
const timed = (name: string, offset: () => number) => () => signed(ownHeader(), { ...ownClaims(), [name]: offset() })
const hmac = (secret: string | Buffer) => {
  const input = `${encode({ ...ownHeader(), alg: 'HS256' })}.${encode(ownClaims())}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}
const changed = (part: 0 | 1 | 2) => () => {
  const parts = signed(ownHeader(), ownClaims()).split('.')
  const text = parts[part] ?? ''
  parts[part] = (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
  return parts.join('.')
}
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const wide = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicPem = () => key.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const publicDer = () => key.publicKey.export({ type: 'spki', format: 'der' })

/** Everything else about each of these tokens is right: the one fault must be enough. */
const FAULTS: [string, () => string][] = [
  ['alg none, unsigned', () => `${encode({ ...ownHeader(), alg: 'none' })}.${encode(ownClaims())}.`],
  ['alg NONE, with our signature', withHeader({ alg: 'NONE' })],
  ['HS256 with the public key in PEM as its secret', () => hmac(publicPem())],
  ['HS256 with the public key in DER as its secret', () => hmac(publicDer())],
  ['HS256 with an empty secret', () => hmac('')],
  ['RS256', () => signed({ ...ownHeader(), alg: 'RS256' }, ownClaims(), rsa.privateKey)],
  ['ES384 with a key of its curve', () => signed({ ...ownHeader(), alg: 'ES384' }, ownClaims(), wide.privateKey)],
  ['ES256 with a key of another curve', () => signed(ownHeader(), ownClaims(), wide.privateKey)],
  ['another key under our kid', () => signed(ownHeader(), ownClaims(), other.privateKey)],
  ['an unknown kid', withHeader({ kid: 'unknown' })],
  ['a kid that is a path', withHeader({ kid: '../../../../dev/null' })],
  ['a kid of a prototype', withHeader({ kid: '__proto__' })],
  ['a kid that is a list', () => signed({ ...ownHeader(), kid: [key.kid] }, ownClaims())],
  ['no kid', () => signed(without(ownHeader(), 'kid'), ownClaims())],
  ['jku', withHeader({ jku: 'https://evil.example/jwks.json' })],
  ['x5u', withHeader({ x5u: 'https://evil.example/cert.pem' })],
  ['x5c', withHeader({ x5c: ['AAAA'] })],
  [
    'jwk',
    () => signed({ ...ownHeader(), jwk: other.publicKey.export({ format: 'jwk' }) }, ownClaims(), other.privateKey),
  ],
  ['jwk beside our signature', () => withHeader({ jwk: key.publicKey.export({ format: 'jwk' }) })()],
  ['crit', withHeader({ crit: ['exp'] })],
  ['b64', withHeader({ b64: false })],
  ['no typ', () => signed(without(ownHeader(), 'typ'), ownClaims())],
  ['typ JWT', withHeader({ typ: 'JWT' })],
  ['a header that is no JSON', () => `${encode('x')}.${encode(ownClaims())}.AAAA`],
  ['claims that are no JSON', () => signed(ownHeader(), 'x')],
  ['typ JWT, and claims that are no JSON', () => signed({ ...ownHeader(), typ: 'JWT' }, 'x')],
  ['claims that are a string', () => signed(ownHeader(), '"x"')],
  ['no exp', () => signed(ownHeader(), without(ownClaims(), 'exp'))],
  ['exp that is past', timed('exp', soon(-1))],
  ['exp beyond the longest life', timed('exp', soon(25 * 3600))],
  ['a huge exp', withClaims({ exp: 1e308 })],
  ['exp as text', () => signed(ownHeader(), { ...ownClaims(), exp: String(seconds() + 600) })],
  ['no iat', () => signed(ownHeader(), without(ownClaims(), 'iat'))],
  ['iat two minutes ahead', timed('iat', soon(120))],
  ['nbf a minute ahead', timed('nbf', soon(60))],
  ['another iss', withClaims({ iss: 'https://evil.example' })],
  ['no iss', () => signed(ownHeader(), without(ownClaims(), 'iss'))],
  ['another aud', withClaims({ aud: 'https://evil.example' })],
  ['aud as a list without us', withClaims({ aud: ['https://evil.example', 'https://other.example'] })],
  ['aud as an empty list', withClaims({ aud: [] })],
  ['aud as a list of other things', () => signed(ownHeader(), { ...ownClaims(), aud: [app.config.publicUrl, 7] })],
  ['no aud', () => signed(ownHeader(), without(ownClaims(), 'aud'))],
  ['sub as an object', withClaims({ sub: { gt: '' } })],
  ['sub of nobody', withClaims({ sub: randomUUID() })],
  ['no sub', () => signed(ownHeader(), without(ownClaims(), 'sub'))],
  ['sid of no session', withClaims({ sid: randomUUID() })],
  ['sid as an object', withClaims({ sid: { not: '' } })],
  ['no jti', () => signed(ownHeader(), without(ownClaims(), 'jti'))],
  ['a changed header', changed(0)],
  ['changed claims', changed(1)],
  ['a changed signature', changed(2)],
  ['no signature', () => signed(ownHeader(), ownClaims()).replace(/[^.]*$/, '')],
  ['a signature of zeros', () => signed(ownHeader(), ownClaims()).replace(/[^.]*$/, 'A'.repeat(86))],
  ['a fourth part', () => `${signed(ownHeader(), ownClaims())}.AAAA`],
  ['padding', () => signed(ownHeader(), { ...ownClaims(), pad: 'x'.repeat(7_000) })],
  ['a refresh token', () => person.tokens.refreshToken ?? ''],
]

test('a token made here like this is accepted: the faults below are what refuses the others', async () => {
  const answer = await me(app.url, { token: signed(ownHeader(), ownClaims()) })
  expect([answer.code, answer.data.id]).toEqual(['SUCCESS', person.user.id])
})

/** What a later release may add: its tokens must hold here while an upgrade is under way. */
const LATER: [string, () => string][] = [
  ['client_id', withClaims({ client_id: 'web' })],
  ['acr', withClaims({ acr: 'aal2' })],
  ['amr', withClaims({ amr: ['pwd', 'otp'] })],
  ['auth_time', () => signed(ownHeader(), { ...ownClaims(), auth_time: seconds() })],
  ['roles', withClaims({ roles: ['editor'] })],
  ['a claim that nobody knows', withClaims({ 'https://example.com/claim': { nested: [1, null] } })],
  [
    'aud as a list that contains us',
    () => signed(ownHeader(), { ...ownClaims(), aud: ['https://api.example', app.config.publicUrl] }),
  ],
]

test.each(LATER)('a token with %s is accepted, and the claim changes nothing', async (_name, token) => {
  const answer = await me(app.url, { token: token() })
  expect([answer.code, answer.data.id]).toEqual(['SUCCESS', person.user.id])
})

test.each(FAULTS)('%s: UNAUTHENTICATED', async (_name, token) => {
  const faults = app.log.filter(({ event }) => event === 'request_failed').length
  expect((await me(app.url, { token: token() })).code).toBe('UNAUTHENTICATED')
  const byRest = await rest(app.url, 'me', undefined, { token: token() })
  expect([byRest.status, byRest.code]).toEqual([401, 'UNAUTHENTICATED'])
  expect(app.log.filter(({ event }) => event === 'request_failed')).toHaveLength(faults)
})

test('an Authorization header that is no bearer token is UNAUTHENTICATED, not anonymous', async () => {
  for (const authorization of [
    '',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    `Token ${person.tokens.accessToken}`,
    'Bearer a b',
  ]) {
    expect((await me(app.url, { headers: { authorization } })).code).toBe('UNAUTHENTICATED')
  }
})

test('a token in the query or in a cookie is ignored', async () => {
  const { accessToken } = person.tokens
  const query = new URLSearchParams({ access_token: accessToken, token: accessToken, query: '{ me { id } }' })
  const response = await fetch(`${app.url}/graphql?${query.toString()}`, {
    headers: {
      'apollo-require-preflight': '1',
      cookie: `access_token=${accessToken}; gatehouse_refresh=${accessToken}`,
    },
  })
  expect(await response.json()).toEqual({ data: { me: null } })
  const byRest = await fetch(`${app.url}/api/auth/me?access_token=${accessToken}`)
  expect(byRest.status).toBe(401)
})

test('a token lives as long as it says, by the clock of the server', async () => {
  const { tokens } = await signedIn(app)
  const claims = decodeJwt(tokens.accessToken)
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(24 * 3600)
  expect(new Date(tokens.accessTokenExpiresAt).getTime()).toBe((claims.exp ?? 0) * 1000)
})

describe('a service that holds only the JWKS', () => {
  test('verifies our tokens with jose', async () => {
    const keys = createRemoteJWKSet(new URL(`${app.url}/.well-known/jwks.json`))
    const { publicUrl } = app.config
    const options = { issuer: publicUrl, audience: publicUrl, algorithms: ['ES256'], typ: 'at+jwt' }
    const { payload } = await jwtVerify(person.tokens.accessToken, keys, options)
    expect(payload).toMatchObject({ sub: person.user.id, sid: person.session.id })
  })

  test('finds ids and times in them, and nothing of the person', () => {
    const claims = decodeJwt(person.tokens.accessToken)
    expect(Object.keys(claims).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'])
    expect(decodeProtectedHeader(person.tokens.accessToken)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: key.kid })
  })

  test('refuses a token of another key', async () => {
    const jwks = (await (await fetch(`${app.url}/.well-known/jwks.json`)).json()) as Parameters<
      typeof createLocalJWKSet
    >[0]
    const forged = signed(ownHeader(), ownClaims(), other.privateKey)
    await expect(jwtVerify(forged, createLocalJWKSet(jwks))).rejects.toThrow('signature verification failed')
  })
})
