import { createHash } from 'node:crypto'
import bcrypt from 'bcrypt'
import { BCRYPT_MAX_BYTES } from '../config/defaults'
import { normalizeNfc } from '../lib/normalizeNfc'
import { type BcryptForm, bcryptPrefix, markedForm, markedSalt } from './bcryptSalt'
import type { HashQueue } from './hashQueue'
import { type BcryptHash, type StoredHash, decoyOf, parseStoredHash } from './storedHash'
import type { HashRequest } from './hashRequest'

/** OWASP's minimum: 19 MiB (in KiB), two passes. One lane, since each further one would start a thread beside the pool. */
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const ARGON2_PREFIX = `$argon2id$v=19$m=${ARGON2.memoryCost},t=${ARGON2.timeCost},p=${ARGON2.parallelism}$`

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

/** Slow salted hashes, each through the hash queue. Hashes of both algorithms verify, whichever is configured. */
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
    // Both, even if the first matches: the right password of a disabled account must take as long as a wrong one.
    const byBcrypt = await compareBcrypt(password, known, kinds)
    const byArgon2 = await compareArgon2(password, known, kinds)
    const match = byBcrypt ?? byArgon2
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

/** A matching password. `own`: the hash certainly has the form in which this server hashes that password. */
type Match = { own: boolean } | null

async function hashBcrypt(password: string, cost: number): Promise<string> {
  const { bytes, form } = ownInput(password)
  return bcrypt.hash(bytes, markedSalt(cost, form))
}

/**
 * Compares each form in which the password may have been hashed, always with the work of the highest bcrypt cost present.
 * Decoys compensate for a cheaper hash or one that is not bcrypt: 2^10 + 2^10 + 2^11 = 2^12, so that a hash of cost 10 with
 * decoys of cost 10 and 11 takes as long as one of cost 12.
 */
async function compareBcrypt(password: string, known: StoredHash | null, kinds: readonly StoredHash[]): Promise<Match> {
  const stored = known?.algorithm === 'bcrypt' ? known : null
  const costs = [...kinds, ...(known ? [known] : [])].flatMap((hash) =>
    hash.algorithm === 'bcrypt' ? [hash.cost] : [],
  )
  if (costs.length === 0) return null
  const highest = Math.max(...costs)
  let match: Match = null
  for (const input of bcryptInputs(password)) {
    const compared = stored !== null && mayHaveHashed(stored, input)
    if (compared && (await bcrypt.compare(input.bytes, withKnownVersion(stored))))
      match ??= { own: isOwn(stored, input) }
    const decoys = compared ? range(stored.cost, highest) : [highest]
    for (const cost of decoys) await bcrypt.compare(input.bytes, bcryptPrefix(cost) + '.'.repeat(53))
  }
  return match
}

interface BcryptInput {
  bytes: Buffer
  /** Null for a form that only other systems use. */
  form: BcryptForm | null
}

/**
 * bcrypt ignores bytes after the 72nd. Passwords of up to 72 bytes are hashed directly, so that other systems can verify the
 * hash; longer ones by a digest of all their bytes, in base64 since bcrypt stops at a NUL.
 */
function ownInput(password: string): BcryptInput & { form: BcryptForm } {
  const bytes = Buffer.from(normalizeNfc(password))
  if (bytes.length <= BCRYPT_MAX_BYTES) return { bytes, form: 'direct' }
  return { bytes: Buffer.from(createHash('sha384').update(bytes).digest('base64')), form: 'digest' }
}

/** The form of this server, and those of other systems: the first 72 bytes of the password, as typed and in NFC. */
function bcryptInputs(password: string): BcryptInput[] {
  const inputs: BcryptInput[] = [ownInput(password)]
  for (const text of [normalizeNfc(password), password]) {
    const bytes = Buffer.from(text).subarray(0, BCRYPT_MAX_BYTES)
    if (!inputs.some((input) => input.bytes.equals(bytes))) inputs.push({ bytes, form: null })
  }
  return inputs
}

/** A marked hash accepts one form only: otherwise base64(SHA-384(long password)), typed as a password, would match. */
function mayHaveHashed(stored: BcryptHash, input: BcryptInput): boolean {
  const form = markedForm(stored.text)
  return form === null || form === input.form
}

/** An unmarked hash of less than 72 bytes is certain too: no longer password has the same first 72 bytes. */
function isOwn(stored: BcryptHash, input: BcryptInput): boolean {
  if (input.form === null) return false
  return markedForm(stored.text) !== null || (input.form === 'direct' && input.bytes.length < BCRYPT_MAX_BYTES)
}

/** `$2y$` is PHP's name for `$2b$`, and the only one of the three that the library does not know. */
function withKnownVersion(stored: BcryptHash): string {
  return stored.text.replace(/^\$2y/, '$2b')
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, step) => from + step)
}

/** Compares in NFC and as typed, once for each kind of argon2id hash present: decoys cannot compensate for different memory. */
async function compareArgon2(password: string, known: StoredHash | null, kinds: readonly StoredHash[]): Promise<Match> {
  const byPrefix = new Map(
    [...kinds, ...(known ? [known] : [])].flatMap((hash) =>
      hash.algorithm === 'argon2id' ? [[hash.prefix, hash.text]] : [],
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

async function hashArgon2(password: string): Promise<string> {
  const argon2 = await loadArgon2()
  return argon2.hash(normalizeNfc(password), { type: argon2.argon2id, ...ARGON2 })
}

/** Loaded on demand: the default algorithm does not need this native addon. */
function loadArgon2(): Promise<typeof import('argon2')> {
  return import('argon2')
}
