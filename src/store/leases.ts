import type { Pool } from 'pg'
import { WEBHOOK } from '../config/webhookDefaults'

/** Outbox tables: each has the columns `id`, `attempts`, `due_at`, `leased_until` and `lease_owner`. */
export type OutboxTable = 'mails' | 'webhook_deliveries'

export interface DueItem {
  id: string
  /** Failed attempts. */
  attempts: number
}

type Connection = Pick<Pool, 'query'>

const IS_DUE = `due_at <= now() + interval '1 millisecond' AND (leased_until IS NULL OR leased_until <= now())
         AND id <> ALL ($4::uuid[])`

/** Selects the ids of due rows and locks them. Of each endpoint no more are under way than it may have. */
const SELECT_DUE: Record<OutboxTable, string> = {
  mails: `SELECT id FROM mails WHERE ${IS_DUE} ORDER BY due_at, id LIMIT $3 FOR UPDATE SKIP LOCKED`,
  webhook_deliveries: `SELECT one.id FROM webhook_endpoints e CROSS JOIN LATERAL (
         SELECT id, due_at FROM webhook_deliveries WHERE endpoint_id = e.id AND ${IS_DUE}
         ORDER BY due_at, id
         LIMIT greatest(0, ${WEBHOOK.perEndpoint} - (
           SELECT count(*) FROM webhook_deliveries busy WHERE busy.endpoint_id = e.id AND busy.leased_until > now()))
         FOR UPDATE SKIP LOCKED) one
       WHERE e.disabled_at IS NULL ORDER BY one.due_at, one.id LIMIT $3`,
}

/** Leases due rows. Times are the database's; the added millisecond allows for the rounding of timestamptz(3). */
export async function leaseDue(
  db: Connection,
  table: OutboxTable,
  request: { owner: string; lease: number; limit: number; except: readonly string[] },
): Promise<DueItem[]> {
  const { rows } = await db.query<DueItem>(
    `WITH due AS MATERIALIZED (
       ${SELECT_DUE[table]})
     UPDATE ${table} AS item SET lease_owner = $1, leased_until = now() + $2::int * interval '1 millisecond'
     FROM due WHERE item.id = due.id RETURNING item.id, item.attempts`,
    [request.owner, request.lease, request.limit, request.except],
  )
  return rows
}

/** Renews the leases of deliveries in flight, except those that another instance has taken meanwhile. */
export async function renewLeases(
  db: Connection,
  table: OutboxTable,
  { owner, lease, ids }: { owner: string; lease: number; ids: readonly string[] },
): Promise<void> {
  await db.query(
    `UPDATE ${table} SET leased_until = now() + $2::int * interval '1 millisecond'
     WHERE id = ANY ($3::uuid[]) AND lease_owner = $1`,
    [owner, lease, ids],
  )
}

/** Ends leases: the rows are due after `delay` milliseconds, for any instance. */
export async function returnLeases(
  db: Connection,
  table: OutboxTable,
  { owner, ids, delay, failed }: { owner: string; ids: readonly string[]; delay: number; failed: boolean },
): Promise<void> {
  await db.query(
    `UPDATE ${table} SET lease_owner = NULL, leased_until = NULL, attempts = attempts + $3::int,
       due_at = now() + $2::int * interval '1 millisecond'
     WHERE id = ANY ($4::uuid[]) AND lease_owner = $1`,
    [owner, Math.round(delay), failed ? 1 : 0, ids],
  )
}
