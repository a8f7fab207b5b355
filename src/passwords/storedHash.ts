export interface BcryptHash {
  algorithm: 'bcrypt'
  text: string
  cost: number
  /** Whether it is a hash of SHA-256 of the password, in hexadecimal, as Django makes it. */
  ofSha256: boolean
}

export interface Argon2Hash {
  algorithm: 'argon2'
  text: string
  /** All parameters of its computation, as in `$argon2id$v=19$m=19456,t=2,p=1$`. */
  prefix: string
  /** KiB times passes: the time is proportional to both. */
  work: number
}

export interface ScryptHash {
  algorithm: 'scrypt'
  text: string
  /** All parameters of its computation, as in `ln=14,r=8,p=1`: Firebase's scrypt costs what plain scrypt of the same costs. */
  prefix: string
  /** N of RFC 7914, with r and p: the memory is 128 bytes times N times r. */
  N: number
  r: number
  p: number
  salt: Buffer
  digest: Buffer
  /** The key of the Firebase project, which its scrypt encrypts with the derived key; null for plain scrypt. */
  signerKey: Buffer | null
}

export interface Pbkdf2Hash {
  algorithm: 'pbkdf2'
  text: string
  hmac: 'sha256' | 'sha512'
  iterations: number
  salt: Buffer
  digest: Buffer
}

/** A hash that can be checked, in its canonical spelling, with the parameters that its cost depends on. */
export type StoredHash = BcryptHash | Argon2Hash | ScryptHash | Pbkdf2Hash

/** A hash, or the reason why it cannot be checked: the reason quotes nothing of it but its parameters. */
export type ReadHash<Hash extends StoredHash = StoredHash> =
  { hash: Hash; problem?: never } | { hash?: never; problem: string }

/** A matching password. `own`: the hash certainly has the form in which this server hashes that password. */
export type Match = { own: boolean } | null

/** Bytes of a salt (RFC 9106 §3.1 recommends 16) and of a digest, as libraries write them; a longer one is no hash. */
export const SALT_BYTES = { min: 1, max: 64 } as const
export const DIGEST_BYTES = { min: 16, max: 64 } as const
