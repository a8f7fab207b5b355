import { canonicalBcrypt } from './bcryptSalt'

/** Upper bounds for stored hashes: a costlier one could exhaust CPU or memory. */
const MAX_COST = { bcryptCost: 16, memory: 262_144, time: 16, parallelism: 16 } as const

/** Bytes of an argon2 salt (RFC 9106 §3.1 recommends 16) and of its digest, as argon2 libraries write them. */
const SALT_BYTES = { min: 8, max: 64 } as const
const DIGEST_BYTES = { min: 16, max: 64 } as const

/** The version of an argon2 hash that names none: it was made before PHC strings had a version. */
const UNNAMED_VERSION = 16

export interface BcryptHash {
  algorithm: 'bcrypt'
  text: string
  cost: number
}

export interface Argon2Hash {
  algorithm: 'argon2id'
  text: string
  /** All parameters of its computation, as in `$argon2id$v=19$m=19456,t=2,p=1$`. */
  prefix: string
  /** KiB times passes: the time is proportional to both. */
  work: number
}

/** A hash that can be checked, in its canonical spelling, with the parameters that its cost depends on. */
export type StoredHash = BcryptHash | Argon2Hash

/** A hash, or the reason why it cannot be checked: the reason quotes nothing of it but its parameters. */
export type ReadHash = { hash: StoredHash; problem?: never } | { hash?: never; problem: string }

/** Null for text that is no hash, is malformed, or is costlier than the upper bounds. */
export function parseStoredHash(text: string): StoredHash | null {
  return readStoredHash(text).hash ?? null
}

/**
 * Reads a hash as other systems write it: blanks around it, argon2 parameters in any order and without version, padded
 * base64. Its canonical spelling is what the libraries read.
 */
export function readStoredHash(input: string): ReadHash {
  const text = input.trim()
  if (/^\$2[aby]\$/.test(text)) return readBcrypt(text)
  if (text.startsWith('$argon2id$')) return readArgon2(text)
  return { problem: unsupported(text) }
}

/** A hash of the kind that `prefix` names and that no password matches: comparing with it costs as much as with a real one. */
export function decoyOf(prefix: string): StoredHash | null {
  return parseStoredHash(
    prefix.startsWith('$2') ? prefix + '.'.repeat(53) : `${prefix}${'A'.repeat(22)}$${'A'.repeat(43)}`,
  )
}

function readBcrypt(text: string): ReadHash {
  const [, cost = '', rest = ''] = /^\$2[aby]\$(\d\d)\$(.*)$/s.exec(text) ?? []
  if (cost === '') return { problem: 'is bcrypt, but its cost is not two digits' }
  if (rest.length !== 53)
    return { problem: `is bcrypt with ${rest.length} characters after its cost, not 53: is it cut?` }
  if (!/^[./A-Za-z0-9]+$/.test(rest)) return { problem: 'is bcrypt with characters outside its alphabet' }
  if (Number(cost) < 4) return { problem: `is bcrypt of cost ${cost}, below 4` }
  if (Number(cost) > MAX_COST.bcryptCost) return { problem: `is bcrypt of cost ${cost}, above ${MAX_COST.bcryptCost}` }
  return { hash: { algorithm: 'bcrypt', text: canonicalBcrypt(text), cost: Number(cost) } }
}

function readArgon2(text: string): ReadHash {
  const fields = text.split('$').slice(2)
  const version = fields[0]?.startsWith('v=') ? fields.shift() : `v=${UNNAMED_VERSION}`
  const [parameters = '', salt = '', digest = '', ...more] = fields
  if (more.length > 0 || digest === '') return { problem: 'is argon2id without salt or digest, or with parts too many' }
  if (version !== 'v=19' && version !== 'v=16') return { problem: 'is argon2id of an unknown version' }

  const costs = new Map(parameters.split(',').map((part) => part.split('=', 2) as [string, string | undefined]))
  const [memory, time, parallelism] = ['m', 't', 'p'].map((name) => decimal(costs.get(name)))
  if (memory === undefined || time === undefined || parallelism === undefined) {
    return { problem: 'is argon2id without whole numbers for m, t and p' }
  }
  if (costs.size > 3) return { problem: 'is argon2id with a key or associated data, which are not supported' }
  const unworkable = costProblem(memory, time, parallelism)
  if (unworkable !== null) return { problem: unworkable }

  const [saltText, digestText] = [unpadded(salt), unpadded(digest)]
  if (!hasBytes(saltText, SALT_BYTES)) return { problem: 'is argon2id whose salt is no base64 of 8 to 64 bytes' }
  if (!hasBytes(digestText, DIGEST_BYTES)) return { problem: 'is argon2id whose digest is no base64 of 16 to 64 bytes' }
  const prefix = `$argon2id$${version}$m=${memory},t=${time},p=${parallelism}$`
  return { hash: { algorithm: 'argon2id', text: `${prefix}${saltText}$${digestText}`, prefix, work: memory * time } }
}

function costProblem(memory: number, time: number, parallelism: number): string | null {
  if (parallelism < 1 || parallelism > MAX_COST.parallelism)
    return `is argon2id with p outside 1 to ${MAX_COST.parallelism}`
  if (time < 1 || time > MAX_COST.time) return `is argon2id with t outside 1 to ${MAX_COST.time}`
  // RFC 9106 §3.1: eight blocks of memory for each lane.
  if (memory < 8 * parallelism) return 'is argon2id with m below 8 for each lane'
  return memory > MAX_COST.memory ? `is argon2id with m above ${MAX_COST.memory} (KiB)` : null
}

function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

function unpadded(base64: string): string {
  return base64.replace(/={1,2}$/, '')
}

function hasBytes(base64: string, { min, max }: { min: number; max: number }): boolean {
  const length = Math.floor((base64.length * 3) / 4)
  return /^[A-Za-z0-9+/]+$/.test(base64) && base64.length % 4 !== 1 && length >= min && length <= max
}

/** Hashes of other systems, by how they begin: the message says what to convert or to leave out. */
const OTHERS: [RegExp, string][] = [
  [/^$/, 'is empty'],
  [/^\{[\w.-]+\}/, 'begins with a scheme in braces: remove it where bcrypt or argon2id follows'],
  [/^\$2x?\$/, 'is bcrypt of a variant with known defects ($2$, $2x$)'],
  [/^\$argon2[id]\$/, 'is argon2i or argon2d: of argon2 only argon2id is supported'],
  [/^\$1\$|^\$apr1\$/, 'is MD5 crypt, which is not supported'],
  [/^\$5\$/, 'is SHA-256 crypt, which is not supported'],
  [/^\$6\$/, 'is SHA-512 crypt, which is not supported'],
  [/^\$y\$/, 'is yescrypt, which is not supported'],
  [/^\$?scrypt/i, 'is scrypt, which is not supported'],
  [/^\$?pbkdf2/i, 'is PBKDF2, which is not supported'],
  [/^\$[PH]\$/, 'is phpass, which is not supported'],
  [/^bcrypt/, 'is bcrypt in a framework’s own spelling: it has to begin with $2a$, $2b$ or $2y$'],
  [/^argon2/, 'is argon2 in a framework’s own spelling: it has to begin with $argon2id$'],
  [
    /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$/i,
    'is a bare digest in hexadecimal, which is not supported',
  ],
]

function unsupported(text: string): string {
  const known = OTHERS.find(([pattern]) => pattern.test(text))
  return known?.[1] ?? 'is neither bcrypt ($2a$, $2b$, $2y$) nor argon2id ($argon2id$)'
}
