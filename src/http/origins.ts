import type { Config } from '../config/config'

const SANDBOX = new Set(['https://studio.apollographql.com', 'https://sandbox.embed.apollographql.com'])

/** Which origins a browser may call from: exact ones; in development, localhost on any port and Apollo Sandbox. */
export function originPolicy({ corsOrigins, publicUrl }: Pick<Config, 'corsOrigins' | 'publicUrl'>) {
  const own = new URL(publicUrl).origin
  return (origin: string): boolean => {
    if (origin === own) return true
    if (corsOrigins) return corsOrigins.includes(origin)
    return SANDBOX.has(origin) || /^https?:\/\/(?:localhost|127\.0\.0\.1)(?::\d{1,5})?$/.test(origin)
  }
}
