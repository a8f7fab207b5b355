import { digest, isOpaqueToken } from '../../crypto/opaqueToken'
import { findSessionByAnyToken } from '../../store/refreshTokens'
import type { Deps } from '../deps'

/** The id of the session that a refresh token is or once was the token of, live or not; null where there is none. */
export async function findPresentedSession(
  { database }: Pick<Deps, 'database'>,
  presented: string,
): Promise<string | null> {
  if (!isOpaqueToken(presented)) return null
  return (await findSessionByAnyToken(database.prisma, digest(presented)))?.id ?? null
}
