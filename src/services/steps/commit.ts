import { type AuditEvent, insertAuditEvent } from '../../store/auditEvents'
import type { Transaction } from '../../store/database'
import type { CacheKey } from '../../store/sessionCache'
import type { ClientInfo, Deps } from '../deps'
import { auditOf, logEvent } from './audit'

/** What a change did. */
export interface Outcome<Result> {
  result: Result
  /** Null where nothing was changed: then nothing is recorded. */
  event: ChangeEvent | null
  /** Whose cached sessions hold something else from now on: required, so that no change leaves it out. */
  invalidate: readonly CacheKey[]
}

export interface ChangeEvent extends Pick<AuditEvent, 'type' | 'userId' | 'details'> {
  /** The row names the user, the log line does not. */
  omitUserFromLog?: boolean
}

type Needs = Pick<Deps, 'clock' | 'database' | 'sessionCache'>

/**
 * Makes one change: in the transaction its statements and its audit row, after the commit the invalidation of the session
 * cache and the log line. What the change throws undoes it; an operation that refuses although a change must stand throws
 * after this function has returned.
 */
export async function commit<Result>(
  { clock, database, sessionCache }: Needs,
  client: ClientInfo,
  change: (tx: Transaction, now: Date) => Promise<Outcome<Result>>,
): Promise<Result> {
  const now = clock.now()
  const { result, event, invalidate } = await database.transaction(async (tx) => {
    const outcome = await change(tx, now)
    if (outcome.event) await insertAuditEvent(tx, auditOf(client, { ...outcome.event, now }))
    return outcome
  })
  for (const key of invalidate) sessionCache.invalidate(key)
  if (event) logEvent(client.log, auditOf(client, { ...event, ...(event.omitUserFromLog && { userId: null }), now }))
  return result
}
