import { type KeyObject, createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { seal, unseal } from './sealing'
import type { Secrets } from './secrets'
import type { PublicJwk, StoredKey } from '../lib/jwk'

/** A key that is ready for use. */
export interface SigningKey {
  kid: string
  publicJwk: PublicJwk
  publicKey: KeyObject
  privateKey: KeyObject
  signsFrom: Date
  verifiesUntil: Date | null
}

/** Makes a P-256 key for ES256; `kid` is its thumbprint (RFC 7638), so that it names this key and no other. */
export function createSigningKey(secrets: Secrets, signsFrom: Date): StoredKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const publicJwk = publicJwkOf(publicKey)
  const { kid } = publicJwk
  return {
    kid,
    publicJwk,
    privateKeySealed: sealPrivateKey(secrets, kid, privateKey),
    signsFrom,
    verifiesUntil: null,
  }
}

function publicJwkOf(publicKey: KeyObject): PublicJwk {
  const { x, y } = publicKey.export({ format: 'jwk' })
  if (x === undefined || y === undefined) throw new Error('A P-256 key without coordinates')
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv: 'P-256', kty: 'EC', x, y }))
    .digest('base64url')
  return { kty: 'EC', crv: 'P-256', x, y, kid, alg: 'ES256', use: 'sig' }
}

/**
 * Opens a stored key under SECRET, or else under SECRET_PREVIOUS; then `resealed` is the value to store under SECRET. Null
 * if neither opens it. The public key is derived from the private one, since an attacker who can write the database could
 * replace the column; `isGenuine` is false if the column differs.
 */
export function openSigningKey(
  secrets: Secrets,
  stored: StoredKey,
): { key: SigningKey; resealed: Uint8Array<ArrayBuffer> | null; isGenuine: boolean } | null {
  const { kid, signsFrom, verifiesUntil } = stored
  for (const [age, sealingKey] of secrets.keys('signing-key-seal').entries()) {
    const pkcs8 = unseal(sealingKey, stored.privateKeySealed, kid)
    if (!pkcs8) continue
    const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    const publicKey = createPublicKey(privateKey)
    const publicJwk = publicJwkOf(publicKey)
    const key = { kid, publicJwk, publicKey, privateKey, signsFrom, verifiesUntil }
    const isGenuine = kid === publicJwk.kid && isDeepStrictEqual(stored.publicJwk, publicJwk)
    return { key, resealed: age === 0 ? null : sealPrivateKey(secrets, kid, privateKey), isGenuine }
  }
  return null
}

function sealPrivateKey(secrets: Secrets, kid: string, privateKey: KeyObject): Buffer<ArrayBuffer> {
  return seal(secrets.key('signing-key-seal'), privateKey.export({ format: 'der', type: 'pkcs8' }), kid)
}
