import { v7 as uuidv7 } from 'uuid'
import { type AuditEvent, recordingOf } from './auditEvents'
import type { Queryable } from './database'
import { newestFirst } from './newestFirst'
import type { PageStart } from '../lib/pageCursor'
import { traceparent } from '../ops/tracing'

/** What an endpoint is told; `data` holds ids, no personal data. */
export interface QueuedEvent {
  type: string
  data: object
}

/**
 * Records the audit events of a change, and queues what webhooks tell of it for every endpoint that wants it: they commit with the
 * change. An endpoint that was disabled because it failed keeps collecting; one that an operator disabled, or that answered 410,
 * does not. The lock lets an endpoint be removed meanwhile. One statement, since every change runs it.
 */
export async function recordChange(
  db: Queryable,
  { audit, events, now }: { audit: readonly AuditEvent[]; events: readonly QueuedEvent[]; now: Date },
): Promise<void> {
  if (audit.length === 0) return
  const rows = JSON.stringify(events.map(({ type, data }) => ({ id: uuidv7(), type, data })))
  await db.$executeRaw`
    WITH ${recordingOf(audit)}, wanted AS (
      SELECT id, events FROM webhook_endpoints WHERE disabled_at IS NULL OR disabled_reason = 'FAILING' FOR KEY SHARE
    )
    INSERT INTO webhook_deliveries (endpoint_id, event_id, type, data, created_at, due_at, traceparent)
    SELECT wanted.id, (event->>'id')::uuid, event->>'type', event->'data', ${now}::timestamptz, now(),
      ${traceparent()}::text
    FROM wanted, jsonb_array_elements(${rows}::jsonb) AS event
    WHERE wanted.events = '{}' OR event->>'type' = ANY (wanted.events)`
}

/** Queues a test for one endpoint. Resolves to the id of the delivery. */
export async function queueTestEvent(db: Queryable, endpointId: string, now: Date): Promise<string> {
  const id = uuidv7()
  await db.$executeRaw`
    INSERT INTO webhook_deliveries (id, endpoint_id, event_id, type, data, created_at, due_at, traceparent)
    VALUES (${id}::uuid, ${endpointId}::uuid, ${uuidv7()}::uuid, 'webhook.test', '{}', ${now}::timestamptz, now(),
      ${traceparent()}::text)`
  return id
}

export function findDelivery(db: Queryable, id: string) {
  return db.webhookDelivery.findUnique({ where: { id }, include: { endpoint: true } })
}
export type FoundDelivery = NonNullable<Awaited<ReturnType<typeof findDelivery>>>

/** Records that the receiver took it. */
export async function recordDelivered(
  db: Queryable,
  { id, status, now }: { id: string; status: number; now: Date },
): Promise<void> {
  await db.$executeRaw`
    UPDATE webhook_deliveries SET delivered_at = ${now}, due_at = NULL, attempts = attempts + 1, last_status = ${status},
      last_error = NULL, leased_until = NULL, lease_owner = NULL
    WHERE id = ${id}::uuid AND delivered_at IS NULL`
}

/** Records a failed attempt; `delay` is in milliseconds, null after the last one. */
export async function recordFailed(
  db: Queryable,
  failed: { id: string; attempts: number; status: number | null; error: string | null; delay: number | null },
): Promise<void> {
  const { id, attempts, status, error } = failed
  const delay = failed.delay === null ? null : Math.round(failed.delay)
  await db.$executeRaw`
    UPDATE webhook_deliveries SET attempts = attempts + 1, last_status = ${status}::int, last_error = ${error},
      due_at = now() + ${delay}::int * interval '1 millisecond', leased_until = NULL, lease_owner = NULL
    WHERE id = ${id}::uuid AND delivered_at IS NULL AND attempts = ${attempts}`
}

/** Makes a finished delivery due again, with all its attempts; of the same event, so receivers can recognize it. */
export async function replayDelivery(db: Queryable, id: string): Promise<boolean> {
  const count = await db.$executeRaw`
    UPDATE webhook_deliveries SET delivered_at = NULL, due_at = now(), attempts = 0
    WHERE id = ${id}::uuid AND due_at IS NULL`
  return count > 0
}

/**
 * The same for the oldest `max` deliveries of an endpoint that were given up, of events since then. Resolves to their number,
 * and to where the next part begins: each part reads on from there, instead of all that was read before.
 */
export async function replayGivenUp(
  db: Queryable,
  { endpointId, since, max }: { endpointId: string; since: Date; max: number },
): Promise<{ replayed: number; next: Date }> {
  const [row] = await db.$queryRaw<{ replayed: bigint; next: Date | null }[]>`
    WITH part AS MATERIALIZED (
      SELECT id, created_at FROM webhook_deliveries
      WHERE endpoint_id = ${endpointId}::uuid AND due_at IS NULL AND delivered_at IS NULL AND created_at >= ${since}
      ORDER BY created_at LIMIT ${max} FOR UPDATE
    ), replayed AS (
      UPDATE webhook_deliveries SET due_at = now(), attempts = 0
      WHERE id = ANY (ARRAY(SELECT id FROM part)) RETURNING id
    )
    SELECT (SELECT count(*) FROM replayed) AS replayed, (SELECT max(created_at) FROM part) AS next`
  return { replayed: Number(row?.replayed ?? 0), next: row?.next ?? since }
}

/** How a delivery stands: it waits for an attempt, a receiver has taken it, or all its attempts have failed. */
export type DeliveryState = 'WAITING' | 'DELIVERED' | 'GIVEN_UP'

export interface DeliveryFilter {
  endpointId?: string
  type?: string
  state?: DeliveryState
}

const IN_STATE = {
  WAITING: { dueAt: { not: null } },
  DELIVERED: { deliveredAt: { not: null } },
  GIVEN_UP: { dueAt: null, deliveredAt: null },
} as const satisfies Record<DeliveryState, object>

/** One page of deliveries, the newest first. It begins after a delivery, so that new ones move no page. */
export async function listDeliveries(
  db: Queryable,
  { endpointId, type, state }: DeliveryFilter,
  size: { first: number; after: PageStart | null },
) {
  const { beyond, page } = newestFirst(size)
  const found = await db.webhookDelivery.findMany({
    where: {
      ...(endpointId !== undefined && { endpointId }),
      ...(type !== undefined && { type }),
      ...(state && IN_STATE[state]),
      ...beyond,
    },
    ...page,
    select: {
      ...{ id: true, endpointId: true, eventId: true, type: true, attempts: true, lastStatus: true, lastError: true },
      ...{ createdAt: true, deliveredAt: true, dueAt: true },
    },
  })
  return found.map((delivery) => ({ ...delivery, state: stateOf(delivery) }))
}
export type WebhookDeliveryView = Awaited<ReturnType<typeof listDeliveries>>[number]

function stateOf({ deliveredAt, dueAt }: { deliveredAt: Date | null; dueAt: Date | null }): DeliveryState {
  if (deliveredAt) return 'DELIVERED'
  return dueAt ? 'WAITING' : 'GIVEN_UP'
}

/** The number of deliveries that wait for enabled endpoints, and the age of the oldest in milliseconds (0 if there is none). */
export async function webhookQueueState(db: Queryable, now: Date): Promise<{ waiting: number; oldestAge: number }> {
  const where = { dueAt: { not: null }, endpoint: { disabledAt: null } }
  const { _count, _min } = await db.webhookDelivery.aggregate({ where, _count: true, _min: { createdAt: true } })
  return { waiting: _count, oldestAge: _min.createdAt ? Math.max(0, now.getTime() - _min.createdAt.getTime()) : 0 }
}
