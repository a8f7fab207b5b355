import { SECRET_VARIABLES } from './env'

/** The text without what stands before the last @ of a URL: a name and a password. */
export function maskUserinfo(text: string): string {
  return /:.*@/s.test(text) ? text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1***@') : text
}

/** A value as an error message may show it. */
export function shownValue(variable: string, value: string | undefined): string {
  if (value === undefined) return 'nothing'
  if (SECRET_VARIABLES.has(variable)) return `a value of ${Buffer.byteLength(value)} bytes`
  return JSON.stringify(maskUserinfo(value))
}

/** Of a URL that leads to a server: where to, without the user, the password, and the query, which may hold both. */
export function maskServerUrl(value: string): string {
  if (!/^[a-z]+:\/\//i.test(value) || !URL.canParse(value)) return '***'
  const { protocol, host, pathname } = new URL(value)
  return `${protocol}//***@${host}${pathname}`
}
