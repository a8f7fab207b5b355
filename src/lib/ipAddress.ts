import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

/** As some proxies forward it: IPv6 in brackets, a port behind either. */
const WITH_PORT = /^(?:\[(?<v6>[^\]]*)\](?::\d+)?|(?<v4>[^:]+):\d+)$/

/**
 * A client's address in canonical spelling, for rate limits and audit rows; IPv4-mapped IPv6 becomes IPv4.
 * Null if it is not an address: a forwarded header may hold anything.
 */
export function canonicalIp(text: string): string | null {
  if (isIPv4(text)) return text // four decimals without leading zeros have one spelling
  const bare = WITH_PORT.exec(text)?.groups
  const address = (bare?.v6 ?? bare?.v4 ?? text).replace(/%.*$/, '')
  if (!ipaddr.isValid(address)) return null
  if (!address.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(address)) return null
  return ipaddr.process(address).toString()
}

/** A network that a client belongs to, with its share of a rate limit: how many times the budget of one client it has. */
export interface Network {
  prefix: string
  share: number
}

/**
 * An IPv6 customer is given a /64, and often a /56 or a /48 of 65,536 of them. The wider networks have a bounded share, so
 * that a customer who changes between own /64s does not multiply the budget without limit.
 */
const IPV6_NETWORKS = [
  { bits: 64, share: 1 },
  { bits: 56, share: 10 },
  { bits: 48, share: 100 },
] as const

/** The networks that a rate limit counts a client in, the narrowest first: an IPv4 address, or an IPv6 /64, /56 and /48. */
export function networksOf(address: string): readonly Network[] {
  if (!ipaddr.IPv6.isValid(address)) return [{ prefix: address, share: 1 }]
  return IPV6_NETWORKS.map(({ bits, share }) => ({ prefix: ipv6Prefix(address, bits), share }))
}

function ipv6Prefix(address: string, bits: number): string {
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/${bits}`).toString()}/${bits}`
}

/**
 * Whether an address is one of the public internet: not private, loopback, link-local (cloud metadata), shared, multicast, or
 * a form of IPv6 that carries an IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast'
}
