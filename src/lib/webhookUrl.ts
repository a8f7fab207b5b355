import { isIP } from 'node:net'
import { isPublicAddress } from './ipAddress'

export type UrlMistake = 'NOT_A_URL' | 'TOO_LONG' | 'HAS_CREDENTIALS' | 'NOT_HTTPS' | 'PRIVATE_ADDRESS'

const MAX_LENGTH = 2_000

/**
 * Why a webhook may not be sent to a URL; null if it may. Hosts of `privateHosts` may be private and may speak plain http.
 * Names are checked again when they are resolved: an address literal is never resolved, so this is its only check. The URL
 * parser has turned every spelling of an address (`2130706433`, `0x7f.1`) into the usual one.
 */
export function webhookUrlMistake(text: string, privateHosts: readonly string[]): UrlMistake | null {
  if (text.length > MAX_LENGTH) return 'TOO_LONG'
  if (/\s/.test(text) || !URL.canParse(text)) return 'NOT_A_URL'
  const { protocol, hostname, username, password } = new URL(text)
  if (protocol !== 'https:' && protocol !== 'http:') return 'NOT_A_URL'
  if (username + password !== '') return 'HAS_CREDENTIALS'
  if (privateHosts.includes(hostname)) return null
  const literal = hostname.replace(/^\[|\]$/g, '')
  const isPrivate = isIP(literal) !== 0 ? !isPublicAddress(literal) : /(^|\.)localhost\.?$/.test(hostname)
  if (isPrivate) return 'PRIVATE_ADDRESS'
  return protocol === 'https:' ? null : 'NOT_HTTPS'
}
