import { createHash } from 'node:crypto'
import bcrypt from 'bcrypt'
import { type BcryptForm, bcryptPrefix, canonicalBcrypt, markedForm, markedSalt } from './bcryptSalt'
import type { BcryptHash, Match, ReadHash, StoredHash } from './storedHash'
import { BCRYPT_MAX_BYTES } from '../config/defaults'
import { normalizeNfc } from '../lib/normalizeNfc'

/** Cost 16 takes 4 s, longer than a login may; below 4 the algorithm is not defined. */
const COST = { min: 4, max: 16 } as const

/**
 * Ends a bcrypt hash of the SHA-256 digest. It stands at the end so that the kind of the hash, by which every login learns the
 * costs that it has to compensate, is that of any bcrypt hash.
 */
export const OF_SHA256 = '$sha256'

export function readBcrypt(text: string): ReadHash<BcryptHash> {
  const ofSha256 = text.endsWith(OF_SHA256)
  const hash = ofSha256 ? text.slice(0, -OF_SHA256.length) : text
  const [, cost = '', rest = ''] = /^\$2[aby]\$(\d\d)\$(.*)$/s.exec(hash) ?? []
  if (cost === '') return { problem: 'is bcrypt, but its cost is not two digits' }
  if (rest.length !== 53)
    return { problem: `is bcrypt with ${rest.length} characters after its cost, not 53: is it cut?` }
  if (!/^[./A-Za-z0-9]+$/.test(rest)) return { problem: 'is bcrypt with characters outside its alphabet' }
  if (Number(cost) < COST.min) return { problem: `is bcrypt of cost ${cost}, below ${COST.min}` }
  if (Number(cost) > COST.max) return { problem: `is bcrypt of cost ${cost}, above ${COST.max}` }
  const canonical = canonicalBcrypt(hash) + (ofSha256 ? OF_SHA256 : '')
  return { hash: { algorithm: 'bcrypt', text: canonical, cost: Number(cost), ofSha256 } }
}

export async function hashBcrypt(password: string, cost: number): Promise<string> {
  const { bytes, form } = ownInput(password)
  return bcrypt.hash(bytes, markedSalt(cost, form))
}

/**
 * Compares each form in which the password may have been hashed, always with the work of the highest bcrypt cost present.
 * Decoys compensate for a cheaper hash or one that is not bcrypt: 2^10 + 2^10 + 2^11 = 2^12, so that a hash of cost 10 with
 * decoys of cost 10 and 11 takes as long as one of cost 12.
 */
export async function compareBcrypt(
  password: string,
  known: StoredHash | null,
  kinds: readonly StoredHash[],
): Promise<Match> {
  const stored = known?.algorithm === 'bcrypt' ? known : null
  const costs = [...kinds, ...(known ? [known] : [])].flatMap((hash) =>
    hash.algorithm === 'bcrypt' ? [hash.cost] : [],
  )
  if (costs.length === 0) return null
  const highest = Math.max(...costs)
  let match: Match = null
  for (const input of stored?.ofSha256 ? sha256Inputs(password) : bcryptInputs(password)) {
    const compared = stored !== null && mayHaveHashed(stored, input)
    if (compared && (await bcrypt.compare(input.bytes, asBcrypt(stored)))) match ??= { own: isOwn(stored, input) }
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

/**
 * The SHA-256 digests of the password, in NFC and as typed; as many as there are other inputs, so that the work is the same. A
 * password that is not NFC has at least two of those.
 */
function sha256Inputs(password: string): BcryptInput[] {
  const texts = [...new Set([normalizeNfc(password), password])]
  const digests = texts.map((text) => Buffer.from(createHash('sha256').update(text).digest('hex')))
  return bcryptInputs(password).map((_, index) => ({
    bytes: digests[index % digests.length] ?? Buffer.alloc(0),
    form: null,
  }))
}

/** A marked hash accepts one form only: otherwise base64(SHA-384(long password)), typed as a password, would match. */
function mayHaveHashed(stored: BcryptHash, input: BcryptInput): boolean {
  if (stored.ofSha256) return true
  const form = markedForm(stored.text)
  return form === null || form === input.form
}

/** An unmarked hash of less than 72 bytes is certain too: no longer password has the same first 72 bytes. */
function isOwn(stored: BcryptHash, input: BcryptInput): boolean {
  if (input.form === null) return false
  return markedForm(stored.text) !== null || (input.form === 'direct' && input.bytes.length < BCRYPT_MAX_BYTES)
}

/** The hash as the library reads it: `$2y$` is PHP's name for `$2b$`, and the only one of the three that it does not know. */
function asBcrypt(stored: BcryptHash): string {
  return stored.text.slice(0, 60).replace(/^\$2y/, '$2b')
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, step) => from + step)
}
