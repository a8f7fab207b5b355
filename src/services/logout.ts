import type { Client, Deps, Viewer } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { digest, isOpaqueToken } from '../crypto/opaqueToken'
import { insertAuditEvent } from '../store/auditEvents'
import { findReplacedToken, findSessionByToken, revokeSession } from '../store/sessions'

interface LogoutRequest {
  viewer: Viewer
  /** What the browser's cookie holds, if it sent one. */
  cookieToken: string | null
}

/**
 * Ends the session of this request, at once and on every instance. `clearCookie` is false where the browser's cookie
 * belongs to another session: a tab that was left open must not log out the newer login beside it.
 */
export async function logout(
  { clock, database, liveSessions, logger }: Pick<Deps, 'clock' | 'database' | 'liveSessions' | 'logger'>,
  client: Client,
  { viewer, cookieToken }: LogoutRequest,
): Promise<{ sessionId: string; clearCookie: boolean }> {
  const sessionId = viewer.session.id
  const event = auditOf(client, { type: 'logged_out', userId: viewer.account.id, now: clock.now() })
  await database.transaction(async (tx) => {
    await revokeSession(tx, { userId: viewer.account.id, sessionId }, event.now)
    await insertAuditEvent(tx, event)
  })
  liveSessions.forget({ kind: 'session', id: sessionId })
  logEvent(logger, event, client)
  return { sessionId, clearCookie: cookieToken !== null && !(await isOfAnother({ database }, cookieToken, sessionId)) }
}

async function isOfAnother({ database }: Pick<Deps, 'database'>, token: string, sessionId: string): Promise<boolean> {
  if (!isOpaqueToken(token)) return false
  const hash = digest(token)
  const holder =
    (await findSessionByToken(database.prisma, hash)) ?? (await findReplacedToken(database.prisma, hash))?.session
  return holder !== undefined && holder.id !== sessionId && holder.revokedAt === null
}
