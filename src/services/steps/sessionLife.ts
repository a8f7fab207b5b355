import type { Config } from '../../config/config'
import type { SessionLife } from '../../store/refreshTokens'

/** How long a session lives, as configured. */
export function sessionLifeOf({ refreshTokenTtl, sessionMaxAge }: Config): SessionLife {
  return { ttl: refreshTokenTtl, maxAge: sessionMaxAge }
}
