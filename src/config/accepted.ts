import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { ACCESS_TOKEN, LIFETIME, TIMER } from './defaults'
import { originOf } from './values'
import { formatDuration, parseDuration } from '../lib/duration'

/** Validators for the values of environment variables. The message of an issue names what is accepted. */

/** Adds an issue. `found` is the wrong part of the value, such as one entry of a list; without it the whole value is shown. */
export function refuse(context: z.RefinementCtx, accepted: string, found?: string): typeof z.NEVER {
  context.addIssue({ code: 'custom', message: accepted, params: found === undefined ? {} : { found } })
  return z.NEVER
}

/** A duration between two numbers of milliseconds; zero is written `0s`. */
export const within = (minimum: number, maximum: number) => (text: string, context: z.RefinementCtx) => {
  const milliseconds = text === '0s' ? 0 : parseDuration(text)
  if (milliseconds !== null && milliseconds >= minimum && milliseconds <= maximum) return milliseconds
  return refuse(context, `a duration from ${formatDuration(minimum)} to ${formatDuration(maximum)}`)
}

export const durationWithin = (minimum: number, maximum: number, fallback: string) =>
  z.string().default(fallback).transform(within(minimum, maximum))

/** How long a token, link, session or key lives. */
export const lifetime = (fallback: string) => durationWithin(1, LIFETIME.longest, fallback)

/** A duration that a timer waits for: Node fires a timer beyond 2^31-1 ms at once. */
export const timerDuration = (fallback: string) => durationWithin(1, TIMER.longest, fallback)

export const integer = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `a whole number from ${minimum} to ${maximum}`)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, `a whole number from ${minimum} to ${maximum}`)

export const choice = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, { error: `one of ${values.join(', ')}` })

export const flag = choice('true', 'false').transform((value) => value === 'true')
export const toggle = choice('on', 'off').transform((value) => value === 'on')

/** Whether blanks or line ends surround the text, such as the last line end of a file. */
const isPadded = (text: string) => text.trim() !== text

export const path = (accepted: string) =>
  z
    .string()
    .min(1, accepted)
    .refine((text) => !isPadded(text), `${accepted}, without blanks around it`)

export const secret = z
  .string()
  .refine((text) => !isPadded(text), 'a value without blanks or line ends around it')
  .refine((text) => Buffer.byteLength(text) >= 32, '32 bytes or more, as `openssl rand -base64 32` prints')

/** Sent in a header: printable ASCII. */
export const bearerToken = z
  .string()
  .refine((text) => !isPadded(text), 'a value without blanks or line ends around it')
  .refine(
    (text) => /^[\x20-\x7e]{16,}$/.test(text),
    '16 characters or more: letters, digits, signs and blanks of ASCII',
  )

const ESCAPES = 'in a user name or password, % / ? # @ are written %25 %2F %3F %23 %40'

interface UrlRules {
  accepted: string
  protocols: string[]
  /** Whether a user name and a password may stand in it. */
  userinfo: boolean
}

/** Names what is accepted instead of this URL; null if the URL is valid. */
function urlMistake(text: string, { accepted, protocols, userinfo }: UrlRules): string | null {
  if (/\s/.test(text)) return `${accepted}, without blanks`
  if (!URL.canParse(text)) return text.includes('@') ? `${accepted}; ${ESCAPES}` : accepted
  const { protocol, hostname, username, password, pathname, hash } = new URL(text)
  if (!protocols.includes(protocol)) return accepted
  if (hostname === '') return `${accepted}, with a host`
  if (!userinfo) return username + password === '' ? null : `${accepted}, without user name and password`
  const cut = username === '' && `${pathname}${hash}`.includes('@')
  return cut || !isPercentEncoded(text) ? `${accepted}; ${ESCAPES}` : null
}

/** Whether each % begins an encoded character: drivers decode the password, and would throw otherwise. */
export function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/** A URL of a server, with the user name and password to log in with. */
export const serverUrl = (accepted: string, ...protocols: string[]) =>
  z.string().superRefine((text, context) => {
    const mistake = urlMistake(text, { accepted, protocols, userinfo: true })
    if (mistake !== null) refuse(context, mistake)
  })

/** A URL that is fetched, or shown to people: without user name and password. */
export const plainUrl = (accepted: string, ...protocols: string[]) =>
  z.string().superRefine((text, context) => {
    const mistake = urlMistake(text, { accepted, protocols, userinfo: false })
    if (mistake !== null) refuse(context, mistake)
  })

const POSTGRES = 'a postgresql:// URL, as in postgresql://user:password@host:5432/database'

/** libpq's spelling without a host (`user:password@/database?host=/run/postgresql`) is accepted as well. */
export const databaseUrl = z.string().transform((text, context) => {
  const url = text.replace(/^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)(?=[/?])/i, '$1localhost')
  const mistake = urlMistake(url, { accepted: POSTGRES, protocols: ['postgresql:', 'postgres:'], userinfo: true })
  if (mistake !== null) return refuse(context, mistake)
  const { username, hostname, searchParams } = new URL(url)
  const host = searchParams.get('host') ?? (url === text ? hostname : '')
  if (host === '') return refuse(context, `${POSTGRES}, with a host, or ?host= and the folder of the server's socket`)
  if (host.includes(',')) return refuse(context, `${POSTGRES}, with one host`)
  if (username === '' && !searchParams.get('user')) return refuse(context, `${POSTGRES}, with a user name`)
  return url
})

const ORIGIN = 'an http: or https: origin, as in https://auth.example.com'

/** Names what is accepted instead of this origin; null if it is spelled as browsers send it. */
export function originMistake(text: string): string | null {
  const origin = originOf(text)
  if (origin === null || !/^https?:/.test(origin)) return ORIGIN
  if (origin.includes('*')) return 'exact origins: a wildcard is not supported'
  return origin === text ? null : `an origin as browsers send it; the one meant is ${origin}`
}

export const publicUrl = z.string().transform((text, context) => {
  const origin = text.replace(/\/$/, '')
  const mistake = originMistake(origin)
  return mistake === null ? origin : refuse(context, mistake)
})

export function entriesOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

export const origins = z.string().transform((text, context) => {
  const items = entriesOf(text)
  for (const item of items) {
    const mistake = originMistake(item)
    if (mistake !== null) refuse(context, mistake, item)
  }
  return items
})

/** `true` trusts every hop, `false` none; a list trusts the listed ones. */
export const trustedProxies = z.string().transform((text, context): boolean | string[] => {
  if (text === 'true' || text === 'false') return text === 'true'
  const items = entriesOf(text)
  for (const item of items) {
    if (!isAddressOrRange(item)) refuse(context, 'true, false, or comma-separated addresses and CIDRs', item)
  }
  return items
})

/** Requires four parts: the parser would read `1` as 0.0.0.1 and `10.1` as 10.0.0.1, which nobody means. */
function isAddressOrRange(item: string): boolean {
  const [address = '', length, ...more] = item.split('/')
  const family = /%/.test(address) ? 0 : isIP(address)
  if (family === 0 || more.length > 0) return false
  return length === undefined || (/^\d{1,3}$/.test(length) && ipaddr.isValidCIDR(item))
}

/** Whether the range is wider than any network of one owner: a /8 of IPv4, and fc00::/7, the private range of IPv6. */
export function isNearlyEveryone(item: string): boolean {
  const [address = '', length] = item.split('/')
  return length !== undefined && Number(length) < (isIP(address) === 4 ? 8 : 7)
}

/** A value for `listen`: an address, or a name that resolves to one. */
export const listenHost = z
  .string()
  .refine(
    (text) => isIP(text) !== 0 || /^(?!(?:.*\.)?\d+$)(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/i.test(text),
    'an IP address or a host name, without port, scheme or brackets',
  )

/** A name for EHLO by RFC 5321 §4.1.1.1: a domain, or an address in brackets. */
export const greetingName = z
  .string()
  .max(255, 'a host name, as in auth.example.com')
  .regex(
    /^(?:[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*|\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[\da-f:.]+)\])$/i,
    'a host name, as in auth.example.com',
  )

const VISIBLE = /^[\x21-\x7e]{1,200}$/

/** Audiences of access tokens beside this server, separated by commas. */
export const audiences = z.string().transform((text, context) => {
  const items = [...new Set(entriesOf(text))]
  for (const item of items) {
    if (!VISIBLE.test(item))
      refuse(context, 'audiences of 1 to 200 visible characters of ASCII, separated by commas', item)
  }
  return items.length <= ACCESS_TOKEN.maxAudiences
    ? items
    : refuse(context, `${ACCESS_TOKEN.maxAudiences} audiences at most`)
})

export const clientId = z.string().regex(VISIBLE, '1 to 200 visible characters of ASCII, such as gatehouse')

/** What security.txt names (RFC 9116 §2.5.3). */
export const securityContact = z
  .string()
  .regex(
    /^(?:https:\/\/|mailto:|tel:)[\x21-\x7e]{1,200}$/,
    'an https:, mailto: or tel: URI, as in mailto:security@example.com',
  )
