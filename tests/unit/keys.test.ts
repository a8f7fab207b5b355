import { randomUUID } from 'node:crypto'
import jwt from 'jsonwebtoken'
import { createAccessTokens } from '../../src/crypto/accessToken'
import { createKeyring } from '../../src/crypto/keyring'
import { isOpaqueToken, mailTokens, newOpaqueToken } from '../../src/crypto/opaqueToken'
import { sealSuccessor, unsealSuccessor } from '../../src/crypto/refreshSuccessor'
import { deriveSecrets } from '../../src/crypto/secrets'
import { type SigningKey, createSigningKey, openSigningKey } from '../../src/crypto/signingKey'
import { ServiceUnavailableError, UnauthenticatedError } from '../../src/errors/requestErrors'
import { later } from '../../src/lib/clock'

const OLD = 'the secret of before, which is long enough'
const NEW = 'the secret of today, which is long enough'
const ORIGIN = 'https://auth.example.com'
const secrets = deriveSecrets(NEW, null)
const now = new Date('2026-11-22T10:15:30.250Z')
const MINUTE = 60_000

function makeKey(signsFrom: Date, verifiesUntil: Date | null = null): SigningKey {
  const opened = openSigningKey(secrets, { ...createSigningKey(secrets, signsFrom), verifiesUntil })
  if (!opened) throw new Error('A key that its own secret does not open')
  return opened.key
}

describe('the keyring', () => {
  test('signs and refuses nothing before the keys are loaded: a valid token must not look forged', () => {
    const ring = createKeyring()
    expect(() => ring.signingKey(now)).toThrow(ServiceUnavailableError)
    expect(() => ring.verificationKey('x', now)).toThrow(ServiceUnavailableError)
    expect(ring.publicKeys(now)).toEqual([])
  })

  test('signs with the newest key whose time has come, and with none that is published only', () => {
    const ring = createKeyring()
    const [older, newer, next] = [-2, -1, 1].map((minutes) => makeKey(later(now, minutes * MINUTE)))
    const keys = [newer, next, older].filter((key) => key !== undefined)
    ring.replace(keys)
    expect(ring.signingKey(now).kid).toBe(newer?.kid)
    expect(ring.signingKey(later(now, MINUTE)).kid).toBe(next?.kid)
    expect(ring.publicKeys(now).map(({ kid }) => kid)).toEqual(keys.map(({ kid }) => kid))
    ring.replace(next ? [next] : [])
    expect(() => ring.signingKey(now)).toThrow(ServiceUnavailableError)
  })

  test('verifies with a retired key until its last token is dead', () => {
    const ring = createKeyring()
    const retired = makeKey(later(now, -MINUTE), later(now, MINUTE))
    ring.replace([retired])
    expect(ring.verificationKey(retired.kid, now)?.kid).toBe(retired.kid)
    expect(ring.verificationKey('unknown', now)).toBeNull()
    expect(ring.verificationKey(retired.kid, later(now, MINUTE))).toBeNull()
    expect(ring.publicKeys(later(now, MINUTE))).toEqual([])
  })
})

const NO_CLAIMS = { template: 'namespace', namespace: `${ORIGIN}/claims`, audience: [], clientId: null } as const

describe('an access token', () => {
  const ring = createKeyring()
  const key = makeKey(later(now, -60 * MINUTE))
  const tokens = createAccessTokens({ keyring: ring, origin: ORIGIN, ttl: 15 * MINUTE, tokenClaims: NO_CLAIMS })
  beforeEach(() => ring.replace([key]))

  test('that names a time before which it is not valid is refused until then, also once it was good', () => {
    const iat = Math.floor(now.getTime() / 1000)
    const ids = { sub: randomUUID(), sid: randomUUID(), jti: randomUUID() }
    const claims = { iss: ORIGIN, aud: ORIGIN, ...ids, iat: iat - 60, nbf: iat, exp: iat + 60 }
    const header = { alg: 'ES256', typ: 'at+jwt', kid: key.kid }
    const token = jwt.sign(claims, key.privateKey, { algorithm: 'ES256', header })
    const before = later(now, -10_000)
    expect(() => tokens.verify(token, before)).toThrow(UnauthenticatedError)
    expect(tokens.verify(token, now)).toEqual(claims)
    expect(() => tokens.verify(token, before)).toThrow('access token not valid yet')
  })

  test('that was good is refused once its key is withdrawn', () => {
    const sessionExpiresAt = later(now, MINUTE)
    const subject = { userId: randomUUID(), sessionId: randomUUID(), sessionExpiresAt }
    const { accessToken } = tokens.issue(subject, now)
    expect(tokens.verify(accessToken, now)).toMatchObject({ sub: subject.userId, sid: subject.sessionId })
    ring.replace([makeKey(now)])
    expect(() => tokens.verify(accessToken, now)).toThrow(UnauthenticatedError)
  })
})

describe('while a new SECRET takes over', () => {
  const both = deriveSecrets(NEW, OLD)
  const old = deriveSecrets(OLD, null)

  test('what was derived under the old one is recognised, and what is derived anew comes first', () => {
    const id = randomUUID()
    expect(mailTokens(both, 'RESET_PASSWORD', id)).toEqual([
      ...mailTokens(secrets, 'RESET_PASSWORD', id),
      ...mailTokens(old, 'RESET_PASSWORD', id),
    ])
  })

  test('the successor of a refresh token opens with the replaced token alone, under either secret', () => {
    const [replaced, successor] = [newOpaqueToken(), newOpaqueToken()]
    const sealed = sealSuccessor(old, replaced, successor)
    expect(unsealSuccessor(both, replaced, sealed)).toBe(successor)
    expect(unsealSuccessor(secrets, replaced, sealed)).toBeNull()
    expect(unsealSuccessor(both, newOpaqueToken(), sealed)).toBeNull()
  })

  test('tokens of one row differ by what they are for, and have the shape of all tokens', () => {
    const id = randomUUID()
    const made = (['VERIFY_EMAIL', 'RESET_PASSWORD', 'CHANGE_EMAIL'] as const).flatMap((use) =>
      mailTokens(both, use, id),
    )
    expect(new Set(made).size).toBe(6)
    expect(made.every(isOpaqueToken)).toBe(true)
  })

  test('a key that the old one sealed opens, and is sealed anew; one of another secret does not', () => {
    const sealed = createSigningKey(old, now)
    const opened = openSigningKey(both, sealed)
    expect(opened?.key.kid).toBe(sealed.kid)
    const resealed = opened?.resealed ?? Buffer.alloc(0)
    expect(openSigningKey(secrets, { ...sealed, privateKeySealed: resealed })).toMatchObject({ resealed: null })
    expect(openSigningKey(secrets, sealed)).toBeNull()
  })
})
