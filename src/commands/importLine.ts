import { type HashPolicy, readImportedHash } from './importHash'
import { PROFILE } from '../config/defaults'
import type { JsonSchemas } from '../config/jsonSchemas'
import { OPERATOR } from '../config/operatorDefaults'
import { type FieldProblem, InvalidInputError } from '../errors/userErrors'
import type { Grants } from '../lib/grants'
import { isStorable } from '../lib/storableText'
import { codePoints } from '../passwords/passwordText'
import type { StoredHash } from '../passwords/storedHash'
import type { ReadUser } from '../services/importUsers'
import { problemOfClaims, problemOfRoles } from '../services/steps/grantRules'
import { InputReader } from '../services/steps/inputReader'

/** The result of parsing a line: a user and its hash, or all problems. Problems quote no value of the line. */
export type ReadLine = { user: ReadUser; hash: StoredHash | null; problems?: never } | { problems: string[] }

export interface LineRules extends HashPolicy {
  /** Of CLAIMS_SCHEMA_FILE and PROFILE_SCHEMA_FILE. */
  schemas: JsonSchemas
}

const KEYS = [
  ...['email', 'passwordHash', 'passwordSalt', 'displayName', 'locale', 'verified', 'emailVerifiedAt'],
  ...['disabledAt', 'disabledReason', 'roles', 'claims', 'profile', 'id', 'createdAt'],
]

const UNKNOWN_VERIFICATION =
  'emailVerifiedAt is missing: a time, or null for never; or verified, which is true or false'

const NOT_STORABLE = 'holds NUL or half of a surrogate pair'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** RFC 3339, as JSON.stringify and `to_char` write it. */
const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/i

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Parses a line; null if it is empty. Ignores a byte order mark at the start of the file only. */
export function readImportLine(
  bytes: Buffer,
  { isFirst, rules, now }: { isFirst: boolean; rules: LineRules; now: Date },
): ReadLine | null {
  let text: string
  try {
    text = decoder.decode(bytes)
  } catch {
    return { problems: ['is not UTF-8'] }
  }
  if (isFirst) text = text.replace(/^\ufeff/, '')
  if (text.trim() === '') return null
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { problems: ['is not JSON'] }
  }
  if (!isObject(value)) return { problems: ['is not a JSON object'] }
  return new LineReader(new Map(Object.entries(value)), rules, now).read()
}

class LineReader {
  private readonly problems: string[] = []

  constructor(
    private readonly values: ReadonlyMap<string, unknown>,
    private readonly rules: LineRules,
    private readonly now: Date,
  ) {}

  read(): ReadLine {
    for (const key of this.values.keys()) if (!KEYS.includes(key)) this.problems.push(unknownKey(key))
    const input = new InputReader()
    const email = input.email('email', this.text('email') ?? '')
    const displayName = input.displayName('displayName', this.text('displayName'))
    const locale = input.locale('locale', this.text('locale'), 'en')
    this.collect(input)
    const emailVerifiedAt = this.verifiedAt()
    const createdAt = this.time('createdAt')
    const disabled = this.disabled()
    const grants = { roles: this.roles(), claims: this.claims(), profile: this.profile() }
    const id = this.id()
    const hash = this.hash()
    if (this.problems.length > 0) return { problems: this.problems }
    const profile = { email, displayName, locale, emailVerifiedAt, createdAt }
    return { user: { id, ...profile, ...disabled, ...grants, passwordHash: hash?.text ?? null }, hash }
  }

  /** The time of the import where only `verified` says so. */
  private verifiedAt(): Date | null {
    const isGiven = this.values.has('emailVerifiedAt')
    const verified = this.values.get('verified')
    if (verified === undefined) {
      if (!isGiven) this.problems.push(UNKNOWN_VERIFICATION)
      return this.time('emailVerifiedAt')
    }
    if (isGiven) this.problems.push('verified and emailVerifiedAt are both there: one of them says it')
    if (typeof verified !== 'boolean') this.problems.push('verified is neither true nor false')
    return this.time('emailVerifiedAt') ?? (verified === true ? this.now : null)
  }

  private disabled(): { disabledAt: Date | null; disabledReason: string | null } {
    const disabledAt = this.time('disabledAt')
    const disabledReason = this.text('disabledReason')?.trim() || null
    if (disabledReason !== null && !this.values.get('disabledAt'))
      this.problems.push('disabledReason is there, but disabledAt is not')
    if (!isStorable(disabledReason)) this.problems.push(`disabledReason ${NOT_STORABLE}`)
    if (codePoints(disabledReason ?? '') > OPERATOR.maxReason)
      this.problems.push(`disabledReason has more than ${OPERATOR.maxReason} characters`)
    return { disabledAt, disabledReason }
  }

  private roles(): string[] {
    const roles: unknown = this.values.get('roles') ?? []
    if (!isListOfTexts(roles)) {
      this.problems.push('roles is no list of texts')
      return []
    }
    const problem = problemOfRoles(roles)
    if (problem !== null) this.problems.push(`roles: ${problem}`)
    return [...new Set(roles)]
  }

  private claims(): Grants['claims'] {
    const claims: unknown = this.values.get('claims') ?? {}
    const problem = problemOfClaims(claims)
    if (problem !== null) this.problems.push(`claims: ${problem}`)
    else this.fits('claims', claims as Grants['claims'])
    return claims as Grants['claims']
  }

  /** Null if the user has none. */
  private profile(): Record<string, unknown> | null {
    const profile: unknown = this.values.get('profile') ?? {}
    if (!isObject(profile)) {
      this.problems.push('profile is no JSON object')
      return null
    }
    if (Buffer.byteLength(JSON.stringify(profile)) > PROFILE.maxProfile)
      this.problems.push(`profile has more than ${PROFILE.maxProfile} bytes`)
    else if (!isStorable(profile)) this.problems.push(`profile ${NOT_STORABLE}`)
    else this.fits('profile', profile)
    return Object.keys(profile).length === 0 ? null : profile
  }

  /** The words come from the schema alone. */
  private fits(field: keyof JsonSchemas, value: object): void {
    const problem = Object.keys(value).length === 0 ? null : this.rules.schemas[field](value)
    if (problem) this.problems.push(`${field} does not fit its JSON Schema: ${problem.words}`)
  }

  /** Undefined if the key is missing or null. */
  private text(key: string): string | undefined {
    const value = this.values.get(key) ?? undefined
    if (value === undefined || typeof value === 'string') return value
    this.problems.push(`${key} is no text`)
    return undefined
  }

  private time(key: string): Date | null {
    const text = this.text(key)?.trim()
    if (text === undefined) return null
    const time = new Date(TIME.test(text) ? text.replace(' ', 'T') : Number.NaN)
    if (Number.isNaN(time.getTime())) {
      this.problems.push(`${key} is no time with its offset, as in 2026-01-31T09:00:00Z`)
    } else if (time > this.now) {
      this.problems.push(`${key} is in the future`)
    }
    return time
  }

  private id(): string | null {
    const text = this.text('id')?.trim()
    if (text === undefined) return null
    if (!UUID.test(text)) this.problems.push('id is no UUID')
    return text.toLowerCase()
  }

  private hash(): StoredHash | null {
    const value: unknown = this.values.get('passwordHash')
    const hash = typeof value === 'object' && value !== null ? value : this.text('passwordHash')
    const read = readImportedHash(this.rules, { hash, salt: this.text('passwordSalt') })
    if (read?.problem !== undefined) this.problems.push(read.problem)
    return read?.hash ?? null
  }

  private collect(input: InputReader): void {
    try {
      input.done()
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error
      this.problems.push(...error.fields.map(wordsOf))
    }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isListOfTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function wordsOf({ field, code, limit }: FieldProblem): string {
  if (code === 'REQUIRED') return `${field} is missing`
  if (code === 'TOO_LONG') return `${field} has more than ${limit ?? 0} characters`
  if (field === 'email') return 'email is no plain address, as in ada@example.com'
  if (field === 'locale') return 'locale is no language tag, as in de or pt-BR'
  return `${field} is malformed`
}

/** A key may be any text, such as an address: only one that looks like a name is repeated. */
function unknownKey(key: string): string {
  const name = /^[A-Za-z][A-Za-z_-]{0,39}$/.test(key) ? key : 'with odd characters'
  return `has an unknown key ${name}`
}
