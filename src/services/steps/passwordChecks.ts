import { UnauthenticatedError } from '../../errors/requestErrors'
import { InvalidCredentialsError, RateLimitedError } from '../../errors/userErrors'
import type { Budget, Charge } from '../../ratelimit/rateLimiter'
import { type AuditEvent, insertAuditEvent } from '../../store/auditEvents'
import type { Transaction } from '../../store/database'
import { findUser } from '../../store/users'
import type { ClientInfo, Deps, Viewer } from '../deps'
import { auditOf, logEvent } from './audit'
import { turnOf } from './turn'

/**
 * Wrong passwords of one user, over every signed-in operation that checks one. Failures of `login` do not count: a
 * stranger could lock the owner out of these operations by them.
 */
const WRONG_PASSWORDS: Budget = { name: 'wrong-password', max: 10, window: 3_600_000 }

/**
 * Demands the current password of a signed-in user. Counted before it is compared, so that parallel guesses cannot
 * outrun the counter. Returns the account it was checked against. Throws RateLimitedError, InvalidCredentialsError or
 * OverloadedError; an UnauthenticatedError where the account is gone.
 */
export async function demandCurrentPassword(
  deps: Pick<Deps, 'database' | 'hasher' | 'limiter' | 'clock' | 'logger'>,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  password: string,
) {
  const { database, hasher, limiter, clock, logger } = deps
  const budget: Charge[] = [{ budget: WRONG_PASSWORDS, subject: viewer.account.id }]
  const wait = await limiter.take(budget, client.requestId)
  if (wait > 0) throw new RateLimitedError(wait)

  const user = await findUser(database.prisma, viewer.account.id)
  const turn = turnOf(client)
  const { valid } = await hasher.verify(password, user?.passwordHash ?? null, turn).catch(async (error: unknown) => {
    await limiter.refund(budget) // no turn, so nothing was compared: an overload must not look like guessing
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
    logEvent(logger, event, client)
    throw new InvalidCredentialsError()
  }
  await limiter.refund(budget)
  return user
}

/** Why an account is not any more what its password was checked against: it is gone, or it was changed meanwhile. */
export async function changedSinceCheck(tx: Transaction, userId: string): Promise<Error> {
  const user = await findUser(tx, userId)
  return user ? new InvalidCredentialsError() : new UnauthenticatedError('the account is gone')
}
