import type { Actor, Deps } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { queueNotice } from './steps/queueNotice'
import { OPERATOR } from '../config/operatorDefaults'
import { later } from '../lib/clock'
import type { Transaction } from '../store/database'
import { deleteSecondFactors, listDueRemovals, scheduleRemoval, takeDueRemoval } from '../store/secondFactorRemovals'
import { forgetSecondFactorFailures } from '../store/secondFactors'
import { revokeSessions } from '../store/sessions'
import { type AccountKey, lockAccount, lockUser } from '../store/users'

/**
 * Removes every second factor of an account whose owner has lost them: after OPERATOR.removalDelay, or at once. The owner is
 * notified now, and objects by logging in with a second factor (ASVS 6.4.4). Resolves to the account's id; null if there is none.
 */
export function removeSecondFactors(
  deps: ChangeDeps,
  actor: Actor,
  { account, immediately }: { account: AccountKey; immediately: boolean },
): Promise<string | null> {
  return commit(deps, actor, async (tx, now) => {
    const user = await lockAccount(tx, account)
    if (!user) return { result: null, event: null, invalidate: [] }
    if (immediately) return { ...(await remove(tx, user.id, now)), result: user.id }
    await scheduleRemoval(tx, { userId: user.id, requestedAt: now, dueAt: later(now, OPERATOR.removalDelay) })
    await queueNotice(tx, { userId: user.id, name: 'secondFactorRemovalPlanned', now })
    return { result: user.id, event: { type: 'second_factor_removal_planned', userId: user.id }, invalidate: [] }
  })
}

/** Makes the removals that are due. Several instances may run it: each removal happens once. */
export async function removeDueSecondFactors(deps: ChangeDeps & Pick<Deps, 'logger'>): Promise<void> {
  const actor: Actor = { kind: 'system', ipAddress: null, userAgent: null, log: deps.logger }
  for (const userId of await listDueRemovals(deps.database.prisma, deps.clock.now())) {
    await commit(deps, actor, async (tx, now) => {
      const isDue = (await lockUser(tx, userId)) !== null && (await takeDueRemoval(tx, userId, now))
      return isDue ? remove(tx, userId, now) : { result: null, event: null, invalidate: [] }
    })
  }
}

/** Ends the sessions too: whoever asked for the removal may not be the owner. */
async function remove(tx: Transaction, userId: string, now: Date) {
  const factors = await deleteSecondFactors(tx, userId)
  await forgetSecondFactorFailures(tx, userId)
  const sessions = await revokeSessions(tx, { userId }, now)
  await queueNotice(tx, { userId, name: 'secondFactorRemoved', now })
  return {
    result: null,
    event: { type: 'second_factors_removed', userId, details: { factors, sessions } } as const,
    invalidate: [{ kind: 'user' as const, id: userId }],
  }
}
