import type { ClientInfo, Deps, Viewer } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { UnauthenticatedError } from '../errors/requestErrors'
import { insertAuditEvent } from '../store/auditEvents'
import { voidEmailChange } from '../store/linkMails'
import { clearPendingEmail, lockUser } from '../store/users'

/** Voids the change of address that waits to be confirmed, with its link. Where there is none, nothing is written. */
export async function cancelEmailChange(
  { clock, database, logger }: Pick<Deps, 'clock' | 'database' | 'logger'>,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
): Promise<{ email: string }> {
  const userId = viewer.account.id
  const event = auditOf(client, { type: 'email_change_cancelled', userId, now: clock.now() })
  const { email, cancelled } = await database.transaction(async (tx) => {
    const user = await lockUser(tx, userId)
    if (!user) throw new UnauthenticatedError('the account is gone')
    if (!(await clearPendingEmail(tx, userId))) return { email: user.email, cancelled: false }
    await voidEmailChange(tx, userId)
    await insertAuditEvent(tx, event)
    return { email: user.email, cancelled: true }
  })
  if (cancelled) logEvent(logger, event, client)
  return { email }
}
