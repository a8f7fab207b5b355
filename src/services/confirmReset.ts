import type { ClientInfo, Deps } from './deps'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { resetLoginGuesses } from './steps/loginGuesses'
import { readMailedToken } from './steps/readMailedToken'
import { hashNewPassword } from './steps/hashNewPassword'
import { MAIL } from '../config/defaults'
import { InvalidTokenError } from '../errors/userErrors'
import { later } from '../lib/clock'
import { consumeOneTimeToken, invalidateLinks } from '../store/oneTimeTokens'
import { queueMail } from '../store/outbox'
import { forgetSecondFactorFailures } from '../store/secondFactors'
import { revokeSessions } from '../store/sessions'
import { lockUser, resetPassword } from '../store/users'

type Needs = Pick<
  Deps,
  'clock' | 'config' | 'database' | 'hasher' | 'strength' | 'breached' | 'sessionCache' | 'secrets'
>

/**
 * Sets a new password by a mailed link, which also verifies the address. Revokes every session, invalidates every other link
 * and notifies the owner. Removes no second factor: the next login requires it. After a rejected password the link stays
 * valid. Throws InvalidInputError, InvalidTokenError, ExpiredTokenError, WeakPasswordError or OverloadedError.
 */
export async function confirmReset(
  deps: Needs,
  client: ClientInfo,
  input: { token: string; password: string },
): Promise<{ email: string; revokedSessions: number }> {
  const { config } = deps
  const { id, email, usedAt, user } = await readMailedToken(deps, 'RESET_PASSWORD', input.token)
  if (usedAt || email !== user.email || user.disabledAt) throw new InvalidTokenError()
  const read = new InputReader()
  const password = read.newPassword('password', input.password, config.passwordMinLength)
  read.done()

  const personal = [user.email, user.displayName]
  const passwordHash = await hashNewPassword(deps, client, { password, personal })
  const revokedSessions = await commit(deps, client, async (tx, now) => {
    const locked = await lockUser(tx, user.id)
    if (!(await consumeOneTimeToken(tx, id, now))) throw new InvalidTokenError()
    const verified = locked?.emailVerifiedAt ? [] : [{ type: 'email_verified' as const, userId: user.id }]
    await resetPassword(tx, user.id, { passwordHash, locale: client.locale, now })
    await resetLoginGuesses(deps, tx, user.email)
    await forgetSecondFactorFailures(tx, user.id)
    await invalidateLinks(tx, { userId: user.id, addresses: [user.email] })
    const { locale } = user
    const expiresAt = later(now, MAIL.noticeLife)
    await queueMail(tx, { name: 'passwordChanged', recipient: email, userId: user.id, locale, now, expiresAt })
    return {
      result: await revokeSessions(tx, { userId: user.id }, now),
      event: [...verified, { type: 'password_reset', userId: user.id }],
      invalidate: [{ kind: 'user', id: user.id }],
    }
  })
  return { email, revokedSessions }
}
