import { createHash, randomBytes } from 'node:crypto'

/** What a bcrypt hash of this server was computed from: the password, or its digest if it has more than 72 bytes. */
export type BcryptForm = 'direct' | 'digest'

const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const BCRYPT = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

const SALT_BYTES = 16
/** Bytes of a salt that are its mark. Of 2^31 foreign hashes one has a mark by chance; 12 random bytes keep salts distinct. */
const MARK_BYTES = 4

/**
 * The start of a new hash, as in `$2b$12$` and 22 characters of salt. The last bytes of the salt are a digest of the
 * others and the form, so that the hash itself shows whether this server made it and what was hashed. A separate column
 * would be lost if an older release or an export copied the hash only.
 */
export function markedSalt(cost: number, form: BcryptForm): string {
  const random = randomBytes(SALT_BYTES - MARK_BYTES)
  return bcryptPrefix(cost) + encode(Buffer.concat([random, mark(random, form)]))
}

/** Null for a hash of another system, or of a release that did not mark its hashes. */
export function markedForm(hash: string): BcryptForm | null {
  const salt = decode(hash.slice(7, 29))
  const random = salt.subarray(0, SALT_BYTES - MARK_BYTES)
  const forms: BcryptForm[] = ['direct', 'digest']
  return forms.find((form) => mark(random, form).equals(salt.subarray(SALT_BYTES - MARK_BYTES))) ?? null
}

export function bcryptPrefix(cost: number): string {
  return `$2b$${String(cost).padStart(2, '0')}$`
}

/** Clears the unused bits of the last characters of salt and digest: some libraries set them, and others then never match. */
export function canonicalBcrypt(hash: string): string {
  const [salt, digest] = [hash.slice(0, 28), hash.slice(29, -1)]
  return salt + withoutBits(hash.charAt(28), 4) + digest + withoutBits(hash.slice(-1), 2)
}

function withoutBits(letter: string, bits: number): string {
  return BCRYPT.charAt((BCRYPT.indexOf(letter) >> bits) << bits)
}

function mark(random: Uint8Array, form: BcryptForm): Buffer {
  return createHash('sha256').update(`gatehouse bcrypt ${form}\0`).update(random).digest().subarray(0, MARK_BYTES)
}

/** bcrypt's base64 differs from the standard one only in its alphabet. */
function encode(bytes: Uint8Array): string {
  const standard = Buffer.from(bytes).toString('base64').replace(/=+$/, '')
  return translate(standard, STANDARD, BCRYPT)
}

function decode(text: string): Buffer {
  return Buffer.from(translate(text, BCRYPT, STANDARD), 'base64')
}

function translate(text: string, from: string, to: string): string {
  return Array.from(text, (letter) => to.charAt(from.indexOf(letter))).join('')
}
