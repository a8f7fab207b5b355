import { PASSWORD, PROFILE } from '../../config/defaults'
import { normalizePassword, codePoints } from '../../passwords/passwordText'
import { type FieldProblem, InvalidInputError } from '../../errors/userErrors'
import { localeTag } from '../../i18n/locale'
import { normalizeNfc } from '../../lib/normalizeNfc'
import { canonicalEmail } from '../../lib/emailAddress'

/** Reads the fields of one input and collects what is wrong with each, so that one answer names every problem. */
export class InputReader {
  private readonly problems: FieldProblem[] = []

  /** The canonical form of an address. */
  email(field: string, value: string): string {
    if (value.trim() === '') return this.refuse(field, 'REQUIRED')
    return canonicalEmail(value) ?? this.refuse(field, 'INVALID_FORMAT')
  }

  /** A password that is to be compared, as typed: any length, but it must be text. The hasher reads it in every spelling. */
  password(field: string, value: string): string {
    if (value === '') return this.refuse(field, 'REQUIRED')
    return normalizePassword(value) === null ? this.refuse(field, 'INVALID_FORMAT') : value
  }

  /** A password that is to be set, in NFC: `min` code points at least. */
  newPassword(field: string, value: string, min: number): string {
    const password = normalizePassword(this.password(field, value)) ?? ''
    if (password === '') return ''
    const length = codePoints(password)
    if (length < min) return this.refuse(field, 'TOO_SHORT', min)
    if (length > PASSWORD.maxLength) return this.refuse(field, 'TOO_LONG', PASSWORD.maxLength)
    return password
  }

  /** A name as people write it, blank for none. Characters that disguise text (control, bidi, breaks) do not get in. */
  displayName(field: string, value: string | null | undefined): string | null {
    // Zero-width (non-)joiners stay: names in several scripts, and emoji, need them.
    const visible = normalizeNfc(value ?? '')
      .replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
      .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g, '')
    const name = visible.trim()
    if (codePoints(name) > PROFILE.displayNameMaxLength) {
      return this.refuse(field, 'TOO_LONG', PROFILE.displayNameMaxLength)
    }
    return name === '' ? null : name
  }

  /** A BCP 47 tag in its canonical spelling; what is not given is `fallback`. */
  locale(field: string, value: string | null | undefined, fallback: string): string {
    if (value === null || value === undefined) return fallback
    return localeTag(value) ?? this.refuse(field, 'INVALID_FORMAT')
  }

  refuse(field: string, code: FieldProblem['code'], limit?: number): '' {
    this.problems.push({ field, code, ...(limit === undefined ? {} : { limit }) })
    return ''
  }

  /** Throws an InvalidInputError that names every problem found so far. */
  done(): void {
    if (this.problems.length > 0) throw new InvalidInputError(this.problems)
  }
}
