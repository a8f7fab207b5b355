import { ARGON2_PREFIX, compareArgon2, hashArgon2 } from './argon2Hash'
import { compareBcrypt, hashBcrypt } from './bcryptHash'
import { bcryptPrefix } from './bcryptSalt'
import type { HashQueue } from './hashQueue'
import type { HashRequest } from './hashRequest'
import { comparePbkdf2 } from './pbkdf2Hash'
import { decoyOf, parseStoredHash } from './readStoredHash'
import { compareScrypt } from './scryptHash'
import type { Match, StoredHash } from './storedHash'

/** All algorithms whose hashes verify. */
const COMPARISONS = [compareBcrypt, compareArgon2, compareScrypt, comparePbkdf2]

interface Comparison {
  valid: boolean
  outdated: boolean
}
export type Compare = (password: string, stored: string | null) => Promise<Comparison>

export interface PasswordHasher {
  /** Throws an OverloadedError if a hash would be refused now. Call it first, so that a refusal costs next to nothing. */
  assertCapacity(request: HashRequest): void
  /** The hash to store, by the configured algorithm, of the password in NFC. Throws what the hash queue throws. */
  hash(password: string, request: HashRequest): Promise<string>
  /**
   * Whether the password, as it was typed, is the stored one. The work depends on the password and on the kinds of hashes
   * present, never on `stored`, so that its time does not reveal who has an account. `outdated`: the right password should
   * be hashed again, since algorithm or parameters have changed or another system made the hash. Throws what the hash queue throws.
   */
  verify(password: string, stored: string | null, request: HashRequest): Promise<Comparison>
  /**
   * Several comparisons as one entry of the hash queue: once the first has started, none of them can be refused. `work` must
   * do nothing but compare, since other entries wait for it. Throws what the hash queue throws.
   */
  compareInOneEntry<T>(request: HashRequest, work: (compare: Compare) => Promise<T>): Promise<T>
  /** Hashes once, so that the queue knows how long a hash takes here before the first request. */
  measure(): Promise<void>
}

interface HasherOptions {
  algorithm: 'bcrypt' | 'argon2id'
  bcryptCost: number
  hashQueue: HashQueue
  /** Prefixes of the hashes that accounts have, as in `$2b$12$` or `$argon2id$v=19$m=65536,t=2,p=1$`. */
  kindsPresent: () => Promise<readonly string[]>
}

/** Slow salted hashes, each through the hash queue. Hashes of every algorithm verify, whichever is configured. */
export function createPasswordHasher({
  algorithm,
  bcryptCost,
  hashQueue,
  kindsPresent,
}: HasherOptions): PasswordHasher {
  const current = algorithm === 'bcrypt' ? bcryptPrefix(bcryptCost) : ARGON2_PREFIX
  const hash = (password: string) => (algorithm === 'bcrypt' ? hashBcrypt(password, bcryptCost) : hashArgon2(password))

  async function compareInOneEntry<T>(request: HashRequest, work: (compare: Compare) => Promise<T>): Promise<T> {
    const kinds = [...(await kindsPresent()), current].flatMap((prefix) => decoyOf(prefix) ?? [])
    return hashQueue.run(request, () =>
      work((password, stored) => hashQueue.timed(() => compare(password, stored, kinds))),
    )
  }

  async function compare(password: string, stored: string | null, kinds: readonly StoredHash[]): Promise<Comparison> {
    const known = stored === null ? null : parseStoredHash(stored)
    let match: Match = null
    // All, even if the first matches: the right password of a disabled account must take as long as a wrong one.
    for (const compareBy of COMPARISONS) match = (await compareBy(password, known, kinds)) ?? match
    const outdated = match !== null && !(match.own && known?.text.startsWith(current) === true)
    return { valid: match !== null, outdated }
  }

  return {
    assertCapacity: (request) => hashQueue.assertCapacity(request),
    hash: (password, request) => hashQueue.run(request, () => hashQueue.timed(() => hash(password))),
    verify: (password, stored, request) => compareInOneEntry(request, (compare) => compare(password, stored)),
    compareInOneEntry,
    measure: () => hashQueue.measure(() => hash('')),
  }
}
