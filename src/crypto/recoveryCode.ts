import { createHash, randomInt } from 'node:crypto'

/** Letters and digits without look-alikes (no I, L, O, 0, 1): 31. */
const ALPHABET = 'ABCDEFGHJKMNPQRSTUVWXYZ23456789'
/** 24 of 31 letters are 118.9 bits: from 112 on a plain digest is enough (ASVS 6.5.2), where fewer need a slow hash. */
const LENGTH = 24
const SHAPE = new RegExp(`^[${ALPHABET}]{${LENGTH}}$`)

/** As it is shown: six groups of four. */
export function newRecoveryCode(): string {
  const letters = Array.from({ length: LENGTH }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
  return letters.toLowerCase().replace(/(.{4})(?=.)/g, '$1-')
}

/** The code in the form that is digested, without case, blanks and hyphens. Null if it is malformed. */
export function readRecoveryCode(text: string): string | null {
  const code = text.replace(/[\s-]/g, '').toUpperCase()
  return SHAPE.test(code) ? code : null
}

/** SHA-256 of a code with its user's id, as it is stored. */
export function recoveryCodeDigest(userId: string, code: string): Buffer<ArrayBuffer> {
  return createHash('sha256').update(`${userId}:${code}`).digest()
}
