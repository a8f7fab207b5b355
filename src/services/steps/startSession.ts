import { SESSION } from '../../config/defaults'
import { digest, newOpaqueToken } from '../../crypto/opaqueToken'
import { later } from '../../lib/clock'
import type { Transaction } from '../../store/database'
import { type SessionView, createSession } from '../../store/sessions'
import type { Client, Deps } from '../deps'

/** Opens a session of its own for every login. Call with the account locked. */
export async function startSession(
  { clock, config }: Pick<Deps, 'clock' | 'config'>,
  tx: Transaction,
  { client, userId }: { client: Client; userId: string },
): Promise<{ session: SessionView; refreshToken: string }> {
  const now = clock.now()
  const refreshToken = newOpaqueToken()
  const { ipAddress, userAgent } = client
  const expiresAt = later(now, config.refreshTokenTtl)
  const row = { userId, refreshTokenHash: digest(refreshToken), now, expiresAt, ipAddress, userAgent }
  return { session: await createSession(tx, row, SESSION.maxPerUser), refreshToken }
}
