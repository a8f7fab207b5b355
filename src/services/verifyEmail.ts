import type { Client, Deps } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { readMailedToken } from './steps/mailedToken'
import { InvalidTokenError } from '../errors/userErrors'
import { insertAuditEvent } from '../store/auditEvents'
import { consumeOneTimeToken } from '../store/redeemTokens'
import { activateRegistration } from '../store/users'

/**
 * Follows a verification link: activates the registration it was mailed for. A link that did so succeeds again during
 * its life; it logs nobody in. Throws InvalidTokenError or ExpiredTokenError.
 */
export async function verifyEmail(
  deps: Pick<Deps, 'clock' | 'database' | 'logger'>,
  client: Client,
  input: { token: string },
): Promise<{ email: string; resetToken: string | null }> {
  const { clock, database, logger } = deps
  const { id, email, user, registration } = await readMailedToken(deps, 'VERIFY_EMAIL', input.token)
  if (!registration || email !== user.email) throw new InvalidTokenError()

  const now = clock.now()
  const event = auditOf(client, { type: 'email_verified', userId: user.id, now })
  const activated = await database.transaction(async (tx) => {
    if (!(await activateRegistration(tx, registration.id, now))) return false
    await consumeOneTimeToken(tx, id, now)
    await insertAuditEvent(tx, event)
    return true
  })
  if (activated) logEvent(logger, event, client)
  else await demandActivated(deps, registration.id)
  return { email, resetToken: null }
}

/** Another call may have done it, with this very link or one of the same registration: that is a success as well. */
async function demandActivated({ database }: Pick<Deps, 'database'>, registrationId: string): Promise<void> {
  const registration = await database.prisma.registration.findUnique({ where: { id: registrationId } })
  if (!registration?.activatedAt) throw new InvalidTokenError()
}
