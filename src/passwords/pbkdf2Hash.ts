import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { bytesOf, decimal, unpaddedBase64 } from './phcFields'
import { DIGEST_BYTES, type Match, type Pbkdf2Hash, type ReadHash, SALT_BYTES, type StoredHash } from './storedHash'
import { normalizeNfc } from '../lib/normalizeNfc'

/** 0.3 s with SHA-256 and 0.6 s with SHA-512 on a common core. The default of Django 6.0 (1,200,000) fits, and every advice of OWASP. */
const MAX_ITERATIONS = 1_500_000

const DIGEST_LENGTH = { sha256: 32, sha512: 64 } as const

/**
 * Reads `$pbkdf2-sha256$i=29000$salt$digest`; also with the length of the digest (`i=29000,l=32`), or the iterations alone and
 * `.` for `+`, as passlib writes them. Of a digest that is longer than its HMAC's the first block is kept: it alone says
 * whether a password matches, and each further one would cost as much again.
 */
export function readPbkdf2(text: string): ReadHash<Pbkdf2Hash> {
  const [, name = '', parameters = '', saltText = '', digestText = '', ...more] = text.split('$')
  const hmac = name === 'pbkdf2-sha256' ? 'sha256' : name === 'pbkdf2-sha512' ? 'sha512' : null
  if (hmac === null) return { problem: 'is PBKDF2 of another HMAC than SHA-256 or SHA-512' }
  if (more.length > 0 || digestText === '')
    return { problem: `is ${name} without salt or digest, or with parts too many` }
  const iterations = decimal(/^(?:i=)?(\d+)(?:,l=\d+)?$/.exec(parameters)?.[1])
  if (iterations === undefined) return { problem: `is ${name} without a whole number of iterations` }
  if (iterations < 1 || iterations > MAX_ITERATIONS)
    return { problem: `is ${name} with iterations outside 1 to ${MAX_ITERATIONS}` }
  const salt = bytesOf(saltText.replaceAll('.', '+'), SALT_BYTES)
  const bytes = bytesOf(digestText.replaceAll('.', '+'), DIGEST_BYTES)
  if (salt === null) return { problem: `is ${name} whose salt is no base64 of 1 to 64 bytes` }
  if (bytes === null) return { problem: `is ${name} whose digest is no base64 of 16 to 64 bytes` }
  const digest = bytes.subarray(0, DIGEST_LENGTH[hmac])
  const canonical = `$${name}$i=${iterations}$${unpaddedBase64(salt)}$${unpaddedBase64(digest)}`
  return { hash: { algorithm: 'pbkdf2', text: canonical, hmac, iterations, salt, digest } }
}

/**
 * Compares in NFC and as typed, with each HMAC present, always with the work of the most iterations present: a decoy of the
 * iterations that are missing compensates for a hash of fewer.
 */
export async function comparePbkdf2(
  password: string,
  known: StoredHash | null,
  kinds: readonly StoredHash[],
): Promise<Match> {
  const present = [...kinds, ...(known ? [known] : [])].filter((hash) => hash.algorithm === 'pbkdf2')
  let match: Match = null
  for (const hmac of ['sha256', 'sha512'] as const) {
    const most = Math.max(0, ...present.filter((hash) => hash.hmac === hmac).map(({ iterations }) => iterations))
    const stored = known?.algorithm === 'pbkdf2' && known.hmac === hmac ? known : null
    for (const input of new Set([normalizeNfc(password), password])) {
      if (stored !== null && (await matches(input, stored))) match = { own: false }
      const missing = most - (stored?.iterations ?? 0)
      if (missing > 0) await derive(input, { hmac, iterations: missing, salt: DECOY_SALT }, DIGEST_LENGTH[hmac])
    }
  }
  return match
}

const DECOY_SALT = Buffer.alloc(16)

async function matches(password: string, stored: Pbkdf2Hash): Promise<boolean> {
  return timingSafeEqual(await derive(password, stored, stored.digest.length), stored.digest)
}

type Costs = Pick<Pbkdf2Hash, 'hmac' | 'iterations' | 'salt'>

function derive(password: string, { hmac, iterations, salt }: Costs, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(password, salt, iterations, length, hmac, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}
