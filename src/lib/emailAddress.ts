import { domainToASCII } from 'node:url'

/** RFC 5321 §4.5.3.1: octets of a local part, and of a whole path less its angle brackets. */
const MAX_LOCAL_PART = 64
const MAX_ADDRESS = 254

const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/

/**
 * The one canonical form of an e-mail address: trimmed, ASCII in lower case, the domain in punycode (IDNA).
 * Null for whatever is not exactly one plain address: quotes, comments, lists, display names, control characters,
 * literals and dotless hosts are refused, since mailers read them as more than one recipient. Dots and plus tags stay.
 */
export function canonicalEmail(input: string): string | null {
  const text = input.trim()
  if (text.length > MAX_ADDRESS) return null
  const at = text.indexOf('@')
  if (at < 1 || at !== text.lastIndexOf('@')) return null

  const local = asciiLowerCase(text.slice(0, at))
  const host = text.slice(at + 1)
  if (/[\s%/?#:[\]\\]/.test(host)) return null // domainToASCII would decode or cut these
  const domain = domainToASCII(host)

  if (local.length > MAX_LOCAL_PART || !LOCAL_PART.test(local) || !DOMAIN.test(domain)) return null
  const address = `${local}@${domain}`
  return address.length > MAX_ADDRESS ? null : address
}

/** Unicode lower-casing maps characters outside ASCII into it (U+212A becomes k): those must stay refused. */
function asciiLowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
