import { readArgon2 } from './argon2Hash'
import { readBcrypt } from './bcryptHash'
import { readFirebase } from './firebaseHash'
import { readPbkdf2 } from './pbkdf2Hash'
import { readScrypt } from './scryptHash'
import type { ReadHash, StoredHash } from './storedHash'

const READERS: [beginning: RegExp, read: (text: string) => ReadHash][] = [
  [/^\$2[aby]\$/, readBcrypt],
  [/^\$argon2id?\$/, readArgon2],
  [/^\$scrypt\$/, readScrypt],
  [/^\$pbkdf2-/, readPbkdf2],
  [/^\$fbscrypt\$/, readFirebase],
]

/**
 * Reads a hash as other systems write it: blanks around it, argon2 parameters in any order and without version, padded
 * base64. Its canonical spelling is what the libraries read.
 */
export function readStoredHash(input: string): ReadHash {
  const text = input.trim()
  const read = READERS.find(([beginning]) => beginning.test(text))?.[1]
  return read ? read(text) : { problem: unsupported(text) }
}

/** Null for text that is no hash, is malformed, or is costlier than the upper bounds. */
export function parseStoredHash(text: string): StoredHash | null {
  return readStoredHash(text).hash ?? null
}

/** A hash of the kind that `prefix` names and that no password matches: comparing with it costs as much as with a real one. */
export function decoyOf(prefix: string): StoredHash | null {
  if (prefix.startsWith('$2')) return parseStoredHash(prefix + '.'.repeat(53))
  const rest = `${'A'.repeat(22)}$${'A'.repeat(43)}`
  const [, ln, costs] = /^\$fbscrypt\$v=1,n=(\d+),(r=\d+,p=\d+)$/.exec(prefix) ?? []
  return parseStoredHash(ln === undefined ? prefix + rest : `$scrypt$ln=${ln},${costs ?? ''}$${rest}`)
}

/** Hashes of other systems, by how they begin: the message says what to convert or to leave out. */
const OTHERS: [RegExp, string][] = [
  [/^$/, 'is empty'],
  [/^\{[\w.-]+\}/, 'begins with a scheme in braces: remove it where a supported hash follows'],
  [/^\$2x?\$/, 'is bcrypt of a variant with known defects ($2$, $2x$)'],
  [/^\$argon2d\$/, 'is argon2d, which is not meant for passwords: of argon2, argon2id and argon2i are supported'],
  [/^\$1\$|^\$apr1\$/, 'is MD5 crypt, which is not supported'],
  [/^\$5\$/, 'is SHA-256 crypt, which is not supported'],
  [/^\$6\$/, 'is SHA-512 crypt, which is not supported'],
  [/^\$7\$/, 'is scrypt as crypt(3) spells it, which is not supported'],
  [/^\$y\$/, 'is yescrypt, which is not supported'],
  [/^\$?scrypt/i, 'is scrypt in an unknown spelling: it has to begin with $scrypt$ln='],
  [
    /^\$?pbkdf2/i,
    'is PBKDF2 of SHA-1 or in an unknown spelling: it has to begin with $pbkdf2-sha256$ or $pbkdf2-sha512$',
  ],
  [/^\$[PH]\$/, 'is phpass, which is not supported'],
  [/^bcrypt/, 'is bcrypt in a framework’s own spelling: it has to begin with $2a$, $2b$ or $2y$'],
  [/^argon2/, 'is argon2 in a framework’s own spelling: it has to begin with $argon2id$ or $argon2i$'],
  [
    /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})$/i,
    'is a bare digest in hexadecimal, which is not supported',
  ],
]

function unsupported(text: string): string {
  const known = OTHERS.find(([pattern]) => pattern.test(text))
  return known?.[1] ?? 'is in none of the supported spellings ($2b$, $argon2id$, $scrypt$, $pbkdf2-sha256$, $fbscrypt$)'
}
