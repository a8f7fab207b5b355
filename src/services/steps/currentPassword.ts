import { UnauthenticatedError } from '../../errors/requestErrors'
import { InvalidCredentialsError, RateLimitedError } from '../../errors/userErrors'
import type { Budget, Charge } from '../../ratelimit/rateLimiter'
import { type AuditEvent, insertAuditEvent } from '../../store/auditEvents'
import type { Transaction } from '../../store/database'
import { findUser } from '../../store/users'
import type { ClientInfo, Deps, Viewer } from '../deps'
import { auditOf, logEvent } from './audit'
import { hashRequestOf } from './hashRequestOf'

/**
 * Failed passwords of one user in all signed-in operations that check one. Failed logins do not count: otherwise a stranger
 * could lock the user out of these operations.
 */
const FAILED_PASSWORDS: Budget = { name: 'wrong-password', max: 10, window: 3_600_000 }

/**
 * Requires the current password of a signed-in user. Counted before it is compared, so that parallel guesses cannot
 * exceed the limit. Returns the account that it was checked against. Throws RateLimitedError, InvalidCredentialsError or
 * OverloadedError; an UnauthenticatedError if the account was deleted.
 */
export async function requireCurrentPassword(
  deps: Pick<Deps, 'database' | 'hasher' | 'limiter' | 'clock'>,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  password: string,
) {
  const { database, hasher, limiter, clock } = deps
  const budget: Charge[] = [{ budget: FAILED_PASSWORDS, subject: viewer.account.id }]
  const wait = await limiter.consume(budget, client.log)
  if (wait > 0) throw new RateLimitedError(wait)

  const user = await findUser(database.prisma, viewer.account.id)
  const request = hashRequestOf(client)
  const { valid } = await hasher.verify(password, user?.passwordHash ?? null, request).catch(async (error: unknown) => {
    await limiter.refund(budget) // nothing was compared: an overload must not count as a guess
    throw error
  })
  if (!user) throw new UnauthenticatedError('the account is gone')
  if (!valid) {
    const event: AuditEvent = auditOf(client, {
      type: 'password_check_failed',
      userId: viewer.account.id,
      now: clock.now(),
    })
    await insertAuditEvent(database.prisma, event)
    logEvent(client.log, event)
    throw new InvalidCredentialsError()
  }
  await limiter.refund(budget)
  return user
}

/** The error for an account that was deleted or changed after its password was checked. */
export async function changedSinceCheck(tx: Transaction, userId: string): Promise<Error> {
  const user = await findUser(tx, userId)
  return user ? new InvalidCredentialsError() : new UnauthenticatedError('the account is gone')
}
