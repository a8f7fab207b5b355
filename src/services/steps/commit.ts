import type { Transaction } from '../../store/database'
import { recordChange } from '../../store/webhookDeliveries'
import type { CacheKey, SessionCache } from '../../store/sessionCache'
import type { Actor, Deps } from '../deps'
import { auditOf, logEvent } from './audit'
import { type RecordedChange, eventsOf } from '../../webhooks/eventsOf'

/** The outcome of a change. */
export interface Outcome<Result> {
  result: Result
  /** Null if nothing was changed: then nothing is recorded. Several are in the order in which they happened. */
  event: ChangeEvent | readonly ChangeEvent[] | null
  /** The cached sessions that the change makes stale: required, so that no change omits it. */
  invalidate: readonly CacheKey[]
}

export interface ChangeEvent extends RecordedChange {
  /** The row names the user, the log line does not. */
  omitUserFromLog?: boolean
}

/** What a change needs. A command has no cache of its own: the database notifies the instances. */
export type ChangeDeps = Pick<Deps, 'clock' | 'database'> & { sessionCache: Pick<SessionCache, 'invalidate'> }

/**
 * Makes one change: its statements, its audit rows and what webhooks tell of it in a transaction, then invalidates the session
 * cache and logs the event. If `change` throws, the transaction is rolled back: an operation that must commit and still fail throws after this
 * function has returned.
 */
export async function commit<Result>(
  { clock, database, sessionCache }: ChangeDeps,
  actor: Actor,
  change: (tx: Transaction, now: Date) => Promise<Outcome<Result>>,
): Promise<Result> {
  const now = clock.now()
  const { result, events, invalidate } = await database.transaction(async (tx) => {
    const outcome = await change(tx, now)
    const events = [outcome.event ?? []].flat()
    const audit = events.map((event) => auditOf(actor, { ...event, now }))
    await recordChange(tx, { audit, events: events.flatMap(eventsOf), now })
    return { ...outcome, events }
  })
  for (const key of invalidate) sessionCache.invalidate(key)
  for (const event of events)
    logEvent(actor.log, auditOf(actor, { ...event, ...(event.omitUserFromLog && { userId: null }), now }))
  return result
}
