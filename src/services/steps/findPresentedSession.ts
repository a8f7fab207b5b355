import { digest, isOpaqueToken } from '../../crypto/opaqueToken'
import { findSessionByAnyToken } from '../../store/refreshTokens'
import type { Deps } from '../deps'

/** The id of the session, live or not, to which a current or replaced refresh token belongs; null if there is none. */
export async function findPresentedSession(
  { database }: Pick<Deps, 'database'>,
  presented: string,
): Promise<string | null> {
  if (!isOpaqueToken(presented)) return null
  return (await findSessionByAnyToken(database.prisma, digest(presented)))?.id ?? null
}
