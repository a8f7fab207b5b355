import type { Deps, SessionView } from './deps'
import { listLiveSessions } from '../store/sessions'

/** The live sessions of a user, newest first. */
export function listSessions(
  { clock, database }: Pick<Deps, 'clock' | 'database'>,
  userId: string,
): Promise<SessionView[]> {
  return listLiveSessions(database.prisma, userId, clock.now())
}
