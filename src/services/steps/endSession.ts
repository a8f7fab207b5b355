import { commit } from './commit'
import { revokeSession } from '../../store/sessions'
import { lockUser } from '../../store/users'
import type { Actor, Deps } from '../deps'

/**
 * Ends a session by the word of whoever holds its token, on every instance at once. Resolves to false if it has already ended,
 * and to null if its account was deleted: then nothing is written.
 */
export function endSession(
  deps: Pick<Deps, 'clock' | 'database' | 'sessionCache'>,
  actor: Actor,
  { userId, sessionId }: { userId: string; sessionId: string },
): Promise<boolean | null> {
  return commit<boolean | null>(deps, actor, async (tx, now) => {
    if (!(await lockUser(tx, userId))) return { result: null, event: null, invalidate: [] }
    const ended = await revokeSession(tx, { userId, sessionId }, now)
    const event = ended ? ({ type: 'logged_out', userId, details: { sessionId } } as const) : null
    return { result: ended, event, invalidate: [{ kind: 'session', id: sessionId }] }
  })
}
