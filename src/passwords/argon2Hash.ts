import { decimal, hasBytes, parametersOf, unpadded } from './phcFields'
import { type Argon2Hash, DIGEST_BYTES, type Match, type ReadHash, SALT_BYTES, type StoredHash } from './storedHash'
import { normalizeNfc } from '../lib/normalizeNfc'

/** OWASP's minimum: 19 MiB (in KiB), two passes. One lane, since each further one would start a thread beside the pool. */
const OWN = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
export const ARGON2_PREFIX = `$argon2id$v=19$m=${OWN.memoryCost},t=${OWN.timeCost},p=${OWN.parallelism}$`

/** 256 MiB (in KiB) for one hash; 16 passes and lanes, more than any recommendation: costlier ones exhaust the server. */
const MAX = { memory: 262_144, time: 16, parallelism: 16 } as const

/** Bytes of the shortest salt that the reference implementation takes. */
const MIN_SALT = 8

/** The version of an argon2 hash that names none: it was made before PHC strings had a version. */
const UNNAMED_VERSION = 16

/** `$argon2id$` and `$argon2i$`, in the canonical order of parameters, which is the only one that the library reads. */
export function readArgon2(text: string): ReadHash<Argon2Hash> {
  const [, type = '', ...fields] = text.split('$')
  const version = fields[0]?.startsWith('v=') ? fields.shift() : `v=${UNNAMED_VERSION}`
  const [parameters = '', salt = '', digest = '', ...more] = fields
  if (more.length > 0 || digest === '') return { problem: `is ${type} without salt or digest, or with parts too many` }
  if (version !== 'v=19' && version !== 'v=16') return { problem: `is ${type} of an unknown version` }

  const costs = parametersOf(parameters)
  const [memory, time, parallelism] = ['m', 't', 'p'].map((name) => decimal(costs.get(name)))
  if (memory === undefined || time === undefined || parallelism === undefined) {
    return { problem: `is ${type} without whole numbers for m, t and p` }
  }
  if (costs.size > 3) return { problem: `is ${type} with a key or associated data, which are not supported` }
  const unworkable = costProblem(memory, time, parallelism)
  if (unworkable !== null) return { problem: `is ${type} ${unworkable}` }

  const [saltText, digestText] = [unpadded(salt), unpadded(digest)]
  if (!hasBytes(saltText, { ...SALT_BYTES, min: MIN_SALT }))
    return { problem: `is ${type} whose salt is no base64 of 8 to 64 bytes` }
  if (!hasBytes(digestText, DIGEST_BYTES)) return { problem: `is ${type} whose digest is no base64 of 16 to 64 bytes` }
  const prefix = `$${type}$${version}$m=${memory},t=${time},p=${parallelism}$`
  return { hash: { algorithm: 'argon2', text: `${prefix}${saltText}$${digestText}`, prefix, work: memory * time } }
}

function costProblem(memory: number, time: number, parallelism: number): string | null {
  if (parallelism < 1 || parallelism > MAX.parallelism) return `with p outside 1 to ${MAX.parallelism}`
  if (time < 1 || time > MAX.time) return `with t outside 1 to ${MAX.time}`
  // RFC 9106 §3.1: eight blocks of memory for each lane.
  if (memory < 8 * parallelism) return 'with m below 8 for each lane'
  return memory > MAX.memory ? `with m above ${MAX.memory} (KiB)` : null
}

export async function hashArgon2(password: string): Promise<string> {
  const argon2 = await loadArgon2()
  return argon2.hash(normalizeNfc(password), { type: argon2.argon2id, ...OWN })
}

/** Compares in NFC and as typed, once for each kind of argon2 hash present: decoys cannot compensate for different memory. */
export async function compareArgon2(
  password: string,
  known: StoredHash | null,
  kinds: readonly StoredHash[],
): Promise<Match> {
  const byPrefix = new Map(
    [...kinds, ...(known ? [known] : [])].flatMap((hash) =>
      hash.algorithm === 'argon2' ? [[hash.prefix, hash.text]] : [],
    ),
  )
  if (byPrefix.size === 0) return null
  const argon2 = await loadArgon2()
  const own = normalizeNfc(password)
  let match: Match = null
  for (const text of byPrefix.values()) {
    for (const input of new Set([own, password])) {
      const matches = await argon2.verify(text, input)
      if (matches && text === known?.text) match ??= { own: input === own }
    }
  }
  return match
}

/** Loaded on demand: the default algorithm does not need this native addon. */
function loadArgon2(): Promise<typeof import('argon2')> {
  return import('argon2')
}
