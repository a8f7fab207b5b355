/** PostgreSQL stores no NUL, and UTF-8 has no form of a lone surrogate. */
const NOT_STORABLE = /[\p{Surrogate}\0]/u

/** Whether every text in a value that was parsed from JSON can be stored: its names and its values, at any depth. */
export function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return !NOT_STORABLE.test(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, inner]) => !NOT_STORABLE.test(name) && isStorable(inner))
}
