import type { Config } from '../../config/config'
import type { SessionLife } from '../../store/refreshTokens'

/** The configured lifetime of sessions. */
export function sessionLifeOf({ refreshTokenTtl, sessionMaxAge }: Config): SessionLife {
  return { ttl: refreshTokenTtl, maxAge: sessionMaxAge }
}
