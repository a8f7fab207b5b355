import { SESSION } from '../../config/defaults'
import { digest, isOpaqueToken, newOpaqueToken } from '../../crypto/opaqueToken'
import { later } from '../../lib/clock'
import type { Transaction } from '../../store/database'
import { type SessionView, createSession } from '../../store/sessions'
import type { ClientInfo, Deps } from '../deps'

interface Login {
  client: ClientInfo
  userId: string
  /** What the browser's cookie holds: its session is replaced by the new one. */
  cookieToken: string | null
}

/** Opens a session of its own for every login. Call with the account locked. `endedIds` are the sessions that it ended. */
export async function startSession(
  { clock, config }: Pick<Deps, 'clock' | 'config'>,
  tx: Transaction,
  { client, userId, cookieToken }: Login,
): Promise<{ session: SessionView; refreshToken: string; endedIds: string[] }> {
  const now = clock.now()
  const refreshToken = newOpaqueToken()
  const { ipAddress, userAgent } = client
  const expiresAt = later(now, Math.min(config.refreshTokenTtl, config.sessionMaxAge))
  const row = { userId, refreshTokenHash: digest(refreshToken), now, expiresAt, ipAddress, userAgent }
  const replacedHash = cookieToken !== null && isOpaqueToken(cookieToken) ? digest(cookieToken) : null
  const { session, endedIds } = await createSession(tx, row, { maxPerUser: SESSION.maxPerUser, replacedHash })
  return { session, refreshToken, endedIds }
}
