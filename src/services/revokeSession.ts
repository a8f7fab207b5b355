import type { ClientInfo, Deps, Viewer } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { UnauthenticatedError } from '../errors/requestErrors'
import { NotFoundError } from '../errors/userErrors'
import { insertAuditEvent } from '../store/auditEvents'
import { revokeSession as revoke } from '../store/sessions'
import { lockUser } from '../store/users'

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Ends one of the viewer's own sessions. Throws NotFoundError for another's as for none: whose it is stays unsaid. */
export async function revokeSession(
  { clock, database, sessionCache, logger }: Pick<Deps, 'clock' | 'database' | 'sessionCache' | 'logger'>,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  input: { sessionId: string },
): Promise<{ sessionId: string }> {
  const { sessionId } = input
  if (!UUID.test(sessionId)) throw new NotFoundError()
  const userId = viewer.account.id
  const event = auditOf(client, { type: 'session_revoked', userId, now: clock.now(), details: { sessionId } })
  await database.transaction(async (tx) => {
    if (!(await lockUser(tx, userId))) throw new UnauthenticatedError('the account is gone')
    if (!(await revoke(tx, { userId, sessionId }, event.now))) throw new NotFoundError()
    await insertAuditEvent(tx, event)
  })
  sessionCache.invalidate({ kind: 'session', id: sessionId.toLowerCase() })
  logEvent(logger, event, client)
  return { sessionId }
}
