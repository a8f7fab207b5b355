import type { ClientInfo, Deps, Viewer } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { UnauthenticatedError } from '../errors/requestErrors'
import { insertAuditEvent } from '../store/auditEvents'
import { revokeSessions } from '../store/sessions'
import { lockUser } from '../store/users'

/** Ends every session of the viewer but the one that asks. */
export async function revokeOtherSessions(
  { clock, database, sessionCache, logger }: Pick<Deps, 'clock' | 'database' | 'sessionCache' | 'logger'>,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
): Promise<{ revokedSessions: number }> {
  const userId = viewer.account.id
  const event = auditOf(client, { type: 'other_sessions_revoked', userId, now: clock.now() })
  const revokedSessions = await database.transaction(async (tx) => {
    if (!(await lockUser(tx, userId))) throw new UnauthenticatedError('the account is gone')
    await insertAuditEvent(tx, event)
    return revokeSessions(tx, { userId, keep: viewer.session.id }, event.now)
  })
  sessionCache.invalidate({ kind: 'user', id: userId })
  logEvent(logger, event, client)
  return { revokedSessions }
}
