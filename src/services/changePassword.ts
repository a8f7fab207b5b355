import type { Client, Deps, Viewer } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { InputReader } from './steps/input'
import { demandCurrentPassword } from './steps/passwordChecks'
import { hashNewPassword } from './steps/strongPassword'
import { MAIL } from '../config/defaults'
import { InvalidCredentialsError } from '../errors/userErrors'
import { later } from '../lib/clock'
import { insertAuditEvent } from '../store/auditEvents'
import { queueMail } from '../store/mails'
import { voidOneTimeTokens } from '../store/redeemTokens'
import { revokeSessions } from '../store/sessions'
import { changePasswordHash } from '../store/users'

type Needs = Pick<
  Deps,
  'clock' | 'config' | 'database' | 'hasher' | 'strength' | 'breached' | 'liveSessions' | 'limiter' | 'logger'
>

/**
 * Sets a new password for one who knows the present one. Every other session ends, waiting links are void, the owner is
 * told. Throws InvalidInputError, InvalidCredentialsError, WeakPasswordError, RateLimitedError or OverloadedError.
 */
export async function changePassword(
  deps: Needs,
  { client, viewer }: { client: Client; viewer: Viewer },
  input: { currentPassword: string; newPassword: string },
): Promise<{ revokedSessions: number }> {
  const { clock, config, database, liveSessions, logger } = deps
  const read = new InputReader()
  const current = read.password('currentPassword', input.currentPassword)
  const password = read.newPassword('newPassword', input.newPassword, config.passwordMinLength)
  read.done()
  const user = await demandCurrentPassword(deps, { client, viewer }, current)
  if (password === current) read.refuse('newPassword', 'UNCHANGED')
  read.done()

  const personal = [user.email, user.displayName]
  const passwordHash = await hashNewPassword(deps, client, { password, personal })
  const now = clock.now()
  const event = auditOf(client, { type: 'password_changed', userId: user.id, now })
  const revokedSessions = await database.transaction(async (tx) => {
    if (!(await changePasswordHash(tx, user, { passwordHash, now }))) throw new InvalidCredentialsError()
    await voidOneTimeTokens(tx, user.id)
    const { email: recipient, locale } = user
    const expiresAt = later(now, MAIL.noticeLife)
    await queueMail(tx, { name: 'passwordChanged', recipient, userId: user.id, locale, now, expiresAt })
    await insertAuditEvent(tx, event)
    return revokeSessions(tx, { userId: user.id, keep: viewer.session.id }, now)
  })
  liveSessions.forget({ kind: 'user', id: user.id })
  logEvent(logger, event, client)
  return { revokedSessions }
}
