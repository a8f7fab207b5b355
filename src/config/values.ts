import { isIP, isIPv4 } from 'node:net'

/** The origin of a URL as browsers compare it; null for a path, a custom scheme or text that is no URL. */
export function originOf(text: string): string | null {
  if (!URL.canParse(text)) return null
  const { origin } = new URL(text)
  return origin === 'null' ? null : origin
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || hostname === '::1' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/** The name for EHLO: a URL's host, an IP address as the literal of RFC 5321 §4.1.3. */
export function smtpNameOf({ hostname }: URL): string {
  if (hostname.startsWith('[')) return `[IPv6:${hostname.slice(1)}`
  return isIPv4(hostname) ? `[${hostname}]` : hostname
}

/** Browsers send `*.localhost` to this machine without asking DNS (RFC 6761); other programs may not. */
export function isLoopbackInBrowsers(hostname: string): boolean {
  return isLoopback(hostname) || hostname.endsWith('.localhost')
}

/** Whether the host of a URL is an address instead of a name. */
export function isIpLiteral(hostname: string): boolean {
  return isIP(hostname.replace(/^\[|\]$/g, '')) !== 0
}

/** WCAG 2.2 contrast ratio (1 to 21) of a colour such as `#1f4fd8` against white. */
export function contrastWithWhite(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => linear(parseInt(colour.slice(at, at + 2), 16) / 255))
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
}

function linear(channel: number): number {
  return channel <= 0.040_45 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
}

/** Stands for every port of localhost in a list of origins: no origin that a browser sends is spelled like this. */
export const ANY_LOCALHOST_ORIGIN = 'http://localhost:*'
