import type { Client, Deps } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { readMailedToken } from './steps/mailedToken'
import { MAIL } from '../config/defaults'
import { InvalidTokenError } from '../errors/userErrors'
import { later } from '../lib/clock'
import { insertAuditEvent } from '../store/auditEvents'
import { queueMail } from '../store/mails'
import { consumeOneTimeToken, voidOneTimeTokens } from '../store/redeemTokens'
import { changeEmail, freeAddress, lockUser } from '../store/users'

/**
 * Follows the link that was mailed to a new address: it is the account's from now on. Both addresses are told; waiting
 * links are void. Throws ExpiredTokenError, or InvalidTokenError, also where the address has been taken meanwhile.
 */
export async function confirmEmailChange(
  deps: Pick<Deps, 'clock' | 'database' | 'liveSessions' | 'logger'>,
  client: Client,
  input: { token: string },
): Promise<{ email: string }> {
  const { clock, database, liveSessions, logger } = deps
  const { id, email, usedAt, user } = await readMailedToken(deps, 'CHANGE_EMAIL', input.token)
  if (usedAt || user.disabledAt) throw new InvalidTokenError()

  const now = clock.now()
  const event = auditOf(client, { type: 'email_changed', userId: user.id, now })
  await database.transaction(async (tx) => {
    await lockUser(tx, user.id)
    if (!(await consumeOneTimeToken(tx, id, now))) throw new InvalidTokenError()
    if (!(await freeAddress(tx, email))) throw new InvalidTokenError()
    if (!(await changeEmail(tx, user.id, { email, now }))) throw new InvalidTokenError()
    await voidOneTimeTokens(tx, user.id)
    for (const recipient of [user.email, email]) {
      const expiresAt = later(now, MAIL.noticeLife)
      await queueMail(tx, { name: 'emailChanged', recipient, userId: user.id, locale: user.locale, now, expiresAt })
    }
    await insertAuditEvent(tx, event)
  })
  liveSessions.forget({ kind: 'user', id: user.id })
  logEvent(logger, event, client)
  return { email }
}
