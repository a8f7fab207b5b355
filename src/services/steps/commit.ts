import { type AuditEvent, insertAuditEvent } from '../../store/auditEvents'
import type { Transaction } from '../../store/database'
import type { CacheKey } from '../../store/sessionCache'
import type { ClientInfo, Deps } from '../deps'
import { auditOf, logEvent } from './audit'

/** The outcome of a change. */
export interface Outcome<Result> {
  result: Result
  /** Null if nothing was changed: then nothing is recorded. */
  event: ChangeEvent | null
  /** The cached sessions that the change makes stale: required, so that no change omits it. */
  invalidate: readonly CacheKey[]
}

export interface ChangeEvent extends Pick<AuditEvent, 'type' | 'userId' | 'details'> {
  /** The row names the user, the log line does not. */
  omitUserFromLog?: boolean
}

type Needs = Pick<Deps, 'clock' | 'database' | 'sessionCache'>

/**
 * Makes one change: its statements and its audit row in a transaction, then invalidates the session cache and logs the
 * event. If `change` throws, the transaction is rolled back: an operation that must commit and still fail throws after this
 * function has returned.
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
