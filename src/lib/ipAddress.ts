import ipaddr from 'ipaddr.js'

/**
 * The address of a client as budgets and audit rows know it: IPv4-mapped IPv6 unfolded, spelled canonically.
 * Null for what is no address, as a forwarded header may hold.
 */
export function canonicalIp(text: string): string | null {
  const bare = text.startsWith('[') ? text.slice(1, text.indexOf(']')) : text
  const address = bare.includes(':') ? bare.split('%', 1)[0] : bare.replace(/:\d+$/, '')
  if (address === undefined || !ipaddr.isValid(address)) return null
  if (!address.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(address)) return null
  return ipaddr.process(address).toString()
}

/** What one budget belongs to: an IPv4 address, or an IPv6 /64, since a single customer is given that many addresses. */
export function budgetPrefix(address: string): string {
  if (!ipaddr.IPv6.isValid(address)) return address
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`).toString()}/64`
}
