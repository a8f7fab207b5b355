import ipaddr from 'ipaddr.js'

/** As some proxies forward it: IPv6 in brackets, a port behind either. */
const WITH_PORT = /^(?:\[(?<v6>[^\]]*)\](?::\d+)?|(?<v4>[^:]+):\d+)$/

/**
 * The address of a client as budgets and audit rows know it: IPv4-mapped IPv6 unfolded, spelled canonically.
 * Null for what is no address, as a forwarded header may hold.
 */
export function canonicalIp(text: string): string | null {
  const bare = WITH_PORT.exec(text)?.groups
  const address = (bare?.v6 ?? bare?.v4 ?? text).replace(/%.*$/, '')
  if (!ipaddr.isValid(address)) return null
  if (!address.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(address)) return null
  return ipaddr.process(address).toString()
}

/** What one budget belongs to: an IPv4 address, or an IPv6 /64, since a single customer is given that many addresses. */
export function budgetPrefix(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`).toString()}/64`
}
