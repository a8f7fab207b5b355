import { normalizeNfc } from '../lib/normalizeNfc'
import { isStorable } from '../lib/storableText'

/**
 * The form in which a password is measured and hashed: NFC, so that a composed and a decomposed `é` are the same password
 * (NIST SP 800-63B §3.1.1.2). Null for text that cannot be hashed faithfully. Nothing is trimmed or truncated.
 */
export function normalizePassword(text: string): string | null {
  // UTF-8 cannot encode a lone surrogate, and NUL ends a C string: bcrypt ignores what follows it.
  return isStorable(text) ? normalizeNfc(text) : null
}

/** Length in code points, closer to what people see than UTF-16 units: most emoji count once. */
export function codePoints(text: string): number {
  return Array.from(text).length
}
