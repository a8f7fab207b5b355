import { fastifyCookie } from '@fastify/cookie'
import type { FastifyRequest } from 'fastify'
import type { Context } from '../graphql/context'

interface CookieOptions {
  /** False over http in development, where browsers refuse Secure and with it the `__Host-` prefix. */
  secure: boolean
}

export const refreshCookieName = ({ secure }: CookieOptions) =>
  secure ? '__Host-gatehouse_refresh' : 'gatehouse_refresh'

/** RFC 6265bis: host-only, not readable by scripts, not sent with requests from other sites. */
export function refreshCookie(options: CookieOptions) {
  return (change: NonNullable<Context['response']['refreshCookie']>): string => {
    const attributes = { path: '/', httpOnly: true, secure: options.secure, sameSite: 'strict' as const }
    if (change === 'clear')
      return fastifyCookie.serialize(refreshCookieName(options), '', { ...attributes, maxAge: 0, expires: new Date(0) })
    const { token, expiresAt } = change
    return fastifyCookie.serialize(refreshCookieName(options), token, { ...attributes, expires: expiresAt })
  }
}

/**
 * The refresh token in a request's cookie. SameSite does not stop a sibling subdomain of the same site, so an Origin header
 * must name an allowed origin, and the body must be JSON, which no form can send.
 */
export function cookieTokenOf(
  request: FastifyRequest,
  options: CookieOptions & { allowsOrigin: (origin: string) => boolean },
): string | null {
  const { origin } = request.headers
  if (origin !== undefined && !options.allowsOrigin(origin)) return null
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) return null
  return request.cookies[refreshCookieName(options)] ?? null
}

/**
 * The origin of a page of another site, by the browser's own word (Sec-Fetch-Site); null otherwise. To browsers localhost and
 * 127.0.0.1 are two sites.
 */
export function crossSiteOriginOf({ headers }: FastifyRequest): string | null {
  return headers['sec-fetch-site'] === 'cross-site' ? (headers.origin ?? 'a page of another site') : null
}
