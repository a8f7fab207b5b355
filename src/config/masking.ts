import { SECRET_VARIABLES } from './env'

/** Masks what precedes the last @ of a URL: user name and password. */
export function maskUserinfo(text: string): string {
  return /:.*@/s.test(text) ? text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1***@') : text
}

/** A value as an error message may show it. */
export function shownValue(variable: string, value: string | undefined): string {
  if (value === undefined) return 'nothing'
  if (SECRET_VARIABLES.has(variable)) return `a value of ${Buffer.byteLength(value)} bytes`
  return JSON.stringify(maskUserinfo(value))
}

/** A server's URL without user name, password and query, which may hold both as well. */
export function maskServerUrl(value: string): string {
  if (!/^[a-z]+:\/\//i.test(value) || !URL.canParse(value)) return '***'
  const { protocol, host, pathname } = new URL(value)
  return `${protocol}//***@${host}${pathname}`
}
