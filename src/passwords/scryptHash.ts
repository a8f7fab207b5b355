import { scrypt, timingSafeEqual } from 'node:crypto'
import { encryptedSignerKey } from './firebaseHash'
import { bytesOf, parametersOf, unpaddedBase64 } from './phcFields'
import { readScryptCosts } from './scryptCosts'
import { DIGEST_BYTES, type Match, type ReadHash, SALT_BYTES, type ScryptHash, type StoredHash } from './storedHash'
import { normalizeNfc } from '../lib/normalizeNfc'

/** Reads `$scrypt$ln=14,r=8,p=1$salt$digest`. */
export function readScrypt(text: string): ReadHash<ScryptHash> {
  const [, , parameters = '', saltText = '', digestText = '', ...more] = text.split('$')
  if (more.length > 0 || digestText === '')
    return { problem: 'is scrypt without salt or digest, or with parts too many' }
  const names = parametersOf(parameters)
  const costs = readScryptCosts(names.get('ln'), names.get('r'), names.get('p'))
  if (costs.problem !== undefined) return { problem: `is scrypt ${costs.problem}` }
  const [salt, digest] = [bytesOf(saltText, SALT_BYTES), bytesOf(digestText, DIGEST_BYTES)]
  if (salt === null) return { problem: 'is scrypt whose salt is no base64 of 1 to 64 bytes' }
  if (digest === null) return { problem: 'is scrypt whose digest is no base64 of 16 to 64 bytes' }
  const canonical = `$scrypt$${costs.prefix}$${unpaddedBase64(salt)}$${unpaddedBase64(digest)}`
  return { hash: { algorithm: 'scrypt', text: canonical, ...costs, salt, digest, signerKey: null } }
}

/**
 * Compares in NFC, as typed, and in NFKC, which some systems hash; once for each set of parameters present: decoys cannot
 * compensate for different memory. What Firebase does after scrypt takes microseconds.
 */
export async function compareScrypt(
  password: string,
  known: StoredHash | null,
  kinds: readonly StoredHash[],
): Promise<Match> {
  const byPrefix = new Map(
    [...kinds, ...(known ? [known] : [])].flatMap((hash) => (hash.algorithm === 'scrypt' ? [[hash.prefix, hash]] : [])),
  )
  let match: Match = null
  for (const hash of byPrefix.values()) {
    for (const input of new Set([normalizeNfc(password), password, password.normalize('NFKC')])) {
      const computed = await digestOf(input, hash)
      if (hash === known && computed.length === hash.digest.length && timingSafeEqual(computed, hash.digest))
        match = { own: false }
    }
  }
  return match
}

async function digestOf(password: string, { signerKey, ...hash }: ScryptHash): Promise<Buffer> {
  if (signerKey === null) return derive(password, hash, hash.digest.length)
  return encryptedSignerKey(await derive(password, hash, 32), signerKey)
}

type Costs = Pick<ScryptHash, 'N' | 'r' | 'p' | 'salt'>

function derive(password: string, { N, r, p, salt }: Costs, length: number): Promise<Buffer> {
  // Twice what RFC 7914 needs, since the library counts its own blocks too.
  const maxmem = 256 * r * (N + p)
  return new Promise((resolve, reject) => {
    scrypt(password, salt, length, { N, r, p, maxmem }, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}
