import { PASSWORD, PROFILE } from '../../config/defaults'
import type { SchemaCheck } from '../../config/jsonSchemas'
import { normalizePassword, codePoints } from '../../passwords/passwordText'
import { type FieldProblem, InvalidInputError } from '../../errors/userErrors'
import { localeTag } from '../../i18n/locale'
import { normalizeNfc } from '../../lib/normalizeNfc'
import { canonicalEmail } from '../../lib/emailAddress'
import { isStorable } from '../../lib/storableText'

/** Validates the fields of one input and collects the problems, so that one response names all of them. */
export class InputReader {
  private readonly problems: FieldProblem[] = []

  /** The canonical form of an address. */
  email(field: string, value: string): string {
    if (value.trim() === '') return this.refuse(field, 'REQUIRED')
    return canonicalEmail(value) ?? this.refuse(field, 'INVALID_FORMAT')
  }

  /** A password to compare, as typed: of any length, but hashable. The hasher tries it as typed and in NFC. */
  password(field: string, value: string): string {
    if (value === '') return this.refuse(field, 'REQUIRED')
    return normalizePassword(value) === null ? this.refuse(field, 'INVALID_FORMAT') : value
  }

  /** A password to set, in NFC: `min` code points at least. */
  newPassword(field: string, value: string, min: number): string {
    const password = normalizePassword(this.password(field, value)) ?? ''
    if (password === '') return ''
    const length = codePoints(password)
    if (length < min) return this.refuse(field, 'TOO_SHORT', min)
    if (length > PASSWORD.maxLength) return this.refuse(field, 'TOO_LONG', PASSWORD.maxLength)
    return password
  }

  /** A display name; null if blank. Removes characters that disguise text (control, bidi, line breaks). */
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

  /** A BCP 47 tag in its canonical spelling; `fallback` if none is given. */
  locale(field: string, value: string | null | undefined, fallback: string): string {
    if (value === null || value === undefined) return fallback
    return localeTag(value) ?? this.refuse(field, 'INVALID_FORMAT')
  }

  /** One of the URLs that mailed links may lead to; null if none is given. */
  redirect(field: string, value: string | null | undefined, allowed: readonly string[]): string | null {
    if (value === null || value === undefined) return null
    return allowed.includes(value) ? value : this.refuse(field, 'UNSUPPORTED')
  }

  /** A JSON object of at most `maxBytes` that can be stored and fits its schema. An empty one removes what there was. */
  jsonObject(
    field: string,
    value: Record<string, unknown>,
    { maxBytes, check }: { maxBytes: number; check: SchemaCheck },
  ): Record<string, unknown> {
    if (Buffer.byteLength(JSON.stringify(value)) > maxBytes) this.refuse(field, 'TOO_LONG', maxBytes)
    else if (!isStorable(value)) this.refuse(field, 'INVALID_FORMAT')
    else this.fits(field, value, check)
    return value
  }

  /** Refuses an object that its schema does not admit; the problem names the field in it, as in `profile.phone`. */
  fits(field: string, value: object, check: SchemaCheck): void {
    const problem = Object.keys(value).length === 0 ? null : check(value)
    if (problem) this.refuse(problem.path === '' ? field : `${field}.${problem.path}`, problem.kind)
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
