import type { Deps, Viewer } from './deps'
import { UnauthenticatedError } from '../errors/requestErrors'

/**
 * The signed-in client of an access token. The signature is not enough: its session must be live, so that a revocation
 * takes effect immediately. Throws an UnauthenticatedError; the driver's error if the database is unavailable.
 */
export async function viewerOf(
  { accessTokens, sessionCache, clock }: Pick<Deps, 'accessTokens' | 'sessionCache' | 'clock'>,
  accessToken: string,
): Promise<Viewer> {
  const now = clock.now()
  const { sub, sid } = accessTokens.verify(accessToken, now)
  const live = await sessionCache.get(sid, now)
  if (live?.account.id !== sub) throw new UnauthenticatedError('session is not live')
  return live
}
