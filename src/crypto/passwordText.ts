import { normalizeNfc } from '../lib/normalizeNfc'

/** Lone surrogates, which no encoding can carry, and NUL, where C strings end: bcrypt would read only what stands before. */
const UNHASHABLE = /[\p{Surrogate}\0]/u

/**
 * The one spelling of a password that is measured and hashed: NFC, so that a composed and a decomposed `é` are the same
 * password (NIST SP 800-63B §3.1.1.2). Null for text that cannot be hashed faithfully. Nothing is trimmed or cut.
 */
export function normalizePassword(text: string): string | null {
  return UNHASHABLE.test(text) ? null : normalizeNfc(text)
}

/** The length that people see more nearly than UTF-16 units do: an emoji counts once. */
export function codePoints(text: string): number {
  return Array.from(text).length
}
