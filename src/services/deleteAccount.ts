import type { ClientInfo, Deps, Viewer } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { changedSinceCheck, requireCurrentPassword } from './steps/currentPassword'
import { MAIL } from '../config/defaults'
import { normalizePassword } from '../passwords/passwordText'
import { later } from '../lib/clock'
import { insertAuditEvent } from '../store/auditEvents'
import { dropMailsTo, queueMail } from '../store/mails'
import { deleteUser } from '../store/users'

type Needs = Pick<Deps, 'clock' | 'database' | 'hasher' | 'sessionCache' | 'limiter' | 'logger'>

/**
 * Deletes the viewer's account, with its sessions, links and waiting mails, at once; a last mail tells the owner.
 * Throws InvalidCredentialsError, RateLimitedError or OverloadedError.
 */
export async function deleteAccount(
  deps: Needs,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  input: { password: string },
): Promise<{ userId: string }> {
  const { clock, database, sessionCache, logger } = deps
  // The result has no member for a malformed input: what cannot be a password is a wrong one.
  const password = normalizePassword(input.password) ?? ''
  const user = await requireCurrentPassword(deps, { client, viewer }, password)

  const now = clock.now()
  const event = auditOf(client, { type: 'account_deleted', userId: user.id, now })
  await database.transaction(async (tx) => {
    if (!(await deleteUser(tx, user))) throw await changedSinceCheck(tx, user.id)
    await dropMailsTo(tx, user.email)
    const { email: recipient, locale } = user
    await queueMail(tx, { name: 'accountDeleted', recipient, locale, now, expiresAt: later(now, MAIL.noticeLife) })
    // The row outlives the user without saying who it was; the line in the log names the id once.
    await insertAuditEvent(tx, { ...event, userId: null, ipAddress: null, userAgent: null })
  })
  sessionCache.invalidate({ kind: 'user', id: user.id })
  logEvent(logger, event, client)
  return { userId: user.id }
}
