import type { ClientInfo, Deps } from './deps'
import { commit } from './steps/commit'
import { readMailedToken } from './steps/readMailedToken'
import { resetTokenFor } from './steps/resetTokenFor'
import { verifyAddress } from './steps/verifyAddress'
import { InvalidTokenError } from '../errors/userErrors'
import type { Transaction } from '../store/database'
import { type FoundToken, consumeOneTimeToken, detachLink, findOneTimeTokenById } from '../store/oneTimeTokens'
import { activateRegistration, waitingRegistrations } from '../store/registrations'
import { NO_PASSWORD, lockUser } from '../store/users'

type Needs = Pick<Deps, 'clock' | 'config' | 'database' | 'secrets' | 'sessionCache'>

/**
 * Redeems a verification link: verifies the address and logs nobody in. A link proves only access to the mailbox: a single
 * pending registration is activated; of several none is, and `resetToken` lets the client choose a password. The same link
 * succeeds again. Throws InvalidTokenError or ExpiredTokenError.
 */
export async function verifyEmail(
  deps: Needs,
  client: ClientInfo,
  input: { token: string },
): Promise<{ email: string; resetToken: string | null }> {
  const { id, email, user } = await readMailedToken(deps, 'VERIFY_EMAIL', input.token)
  if (email !== user.email) throw new InvalidTokenError()

  const resetToken = await commit(deps, client, async (tx, now) => {
    await lockUser(tx, user.id)
    // Read again under the lock: another link may have verified the address and invalidated this one.
    const link = await findOneTimeTokenById(tx, id)
    if (!link) throw new InvalidTokenError()
    const isFirst = link.user.emailVerifiedAt === null
    if (!isFirst && !link.usedAt && !link.registration?.activatedAt) throw new InvalidTokenError()
    const passwordHash = isFirst ? await verify(tx, link, { locale: client.locale, now }) : link.user.passwordHash
    // Returned again until a password is chosen: a lost response must not leave the account without one.
    const result = passwordHash === NO_PASSWORD ? await resetTokenFor(deps, tx, { link, now }) : null
    const event = isFirst ? ({ type: 'email_verified', userId: user.id } as const) : null
    return { result, event, invalidate: [{ kind: 'user', id: user.id }] }
  })
  return { email, resetToken }
}

/** Verifies the address of a link. Resolves to the password hash that its account then has. */
async function verify(tx: Transaction, link: FoundToken, by: { locale: string; now: Date }): Promise<string | null> {
  const { id, user, registration } = link
  const { now } = by
  await consumeOneTimeToken(tx, id, now)
  const waiting = await waitingRegistrations(tx, user.id)
  if (registration && waiting.length === 1 && !user.importedAt) {
    await activateRegistration(tx, registration.id, now)
    return registration.passwordHash
  }
  await detachLink(tx, id) // it outlives its registration: opening it again succeeds
  return verifyAddress(tx, user, by)
}
