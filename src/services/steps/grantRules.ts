import type { InputReader } from './inputReader'
import { GRANTS } from '../../config/defaults'
import type { SchemaCheck } from '../../config/jsonSchemas'
import type { Grants } from '../../lib/grants'
import { isStorable } from '../../lib/storableText'

const ROLE = /^[a-z][\w.:-]*$/i
const NAME = /^[\w.:/-]{1,100}$/

/** What is wrong with a list of roles, in words; null: nothing. */
export function problemOfRoles(roles: readonly string[]): string | null {
  if (roles.length > GRANTS.maxRoles) return `at most ${GRANTS.maxRoles} roles`
  const wrong = roles.find((role) => role.length > GRANTS.maxRoleLength || !ROLE.test(role))
  if (wrong === undefined) return null
  return `a role is a letter and up to ${GRANTS.maxRoleLength - 1} letters, digits, dots, colons, hyphens or underscores`
}

/** Claims as they are stored; refuses those that break the rules below, or the schema of CLAIMS_SCHEMA_FILE. */
export function readClaims(read: InputReader, claims: unknown, check: SchemaCheck): Grants['claims'] {
  if (problemOfClaims(claims) !== null) read.refuse('claims', 'INVALID_FORMAT')
  else read.fits('claims', claims as Grants['claims'], check)
  return claims as Grants['claims']
}

/** What is wrong with claims, in words; null: nothing. One level of lists and objects is what every verifier can read. */
export function problemOfClaims(claims: unknown): string | null {
  if (!isObject(claims)) return 'claims are one JSON object'
  if (Buffer.byteLength(JSON.stringify(claims)) > GRANTS.maxClaims)
    return `claims are ${GRANTS.maxClaims} bytes at most`
  const names = Object.entries(claims).flatMap(([name, value]) => [
    name,
    ...(isObject(value) ? Object.keys(value) : []),
  ])
  if (names.length > GRANTS.maxClaimNames) return `at most ${GRANTS.maxClaimNames} names`
  if (!names.every((name) => NAME.test(name))) return 'a name is 1 to 100 letters, digits or one of . : / _ -'
  const flat = Object.values(claims).every(
    (value) =>
      isScalar(value) || (Array.isArray(value) || isObject(value) ? Object.values(value).every(isScalar) : false),
  )
  if (!flat) return 'a value is a text, a number, true, false or null, or one list or object of these'
  return isStorable(claims) ? null : 'a text holds NUL or half of a surrogate pair'
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isScalar(value: unknown): boolean {
  return value === null || ['string', 'number', 'boolean'].includes(typeof value)
}
