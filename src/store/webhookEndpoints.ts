import type { Pool } from 'pg'
import type { Queryable, Transaction } from './database'

/** Why an endpoint is disabled: by an operator, by its answer 410, by days without success, or removed from the environment. */
export type DisabledReason = 'OPERATOR' | 'GONE' | 'FAILING' | 'NOT_CONFIGURED'

export interface NewEndpoint {
  id: string
  url: string
  events: string[]
  include: string[]
  description: string
  secretSealed: Buffer<ArrayBuffer>
}

/** An endpoint without its secrets. */
const VIEW = {
  ...{ id: true, url: true, events: true, include: true, description: true, createdAt: true },
  ...{ failingSince: true, disabledAt: true, disabledReason: true },
} as const

/** Makes those who add an endpoint wait for each other until their transactions end: each counts what the one before added. */
export async function lockEndpointCount(tx: Transaction): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('gatehouse'), hashtext('webhook_endpoints'))`
}

export function insertEndpoint(db: Queryable, endpoint: NewEndpoint & { createdAt: Date }): Promise<WebhookEndpoint> {
  return db.webhookEndpoint.create({ data: endpoint, select: VIEW })
}

/** Of an endpoint that gets events: what a disabled one is changed to as well. */
export const ENABLED = { disabledAt: null, disabledReason: null, failingSince: null } as const

/** Inserts the endpoint, or replaces and enables it; `previous` is the secret that signs beside the new one. */
export async function putEndpoint(
  db: Queryable,
  endpoint: NewEndpoint & { createdAt: Date },
  previous: { sealed: Uint8Array<ArrayBuffer>; until: Date } | null,
): Promise<void> {
  const { id, url, events, secretSealed } = endpoint
  const rotated = previous && { secretPreviousSealed: previous.sealed, previousUntil: previous.until }
  const update = { url, events, secretSealed, ...rotated, ...ENABLED }
  await db.webhookEndpoint.upsert({ where: { id }, create: endpoint, update })
}

/** By plain SQL, as every start asks. */
export async function hasEndpoint(pool: Pool, id: string): Promise<boolean> {
  const { rowCount } = await pool.query('SELECT 1 FROM webhook_endpoints WHERE id = $1', [id])
  return rowCount === 1
}

export function findEndpoint(db: Queryable, id: string) {
  return db.webhookEndpoint.findUnique({ where: { id } })
}

export type EndpointRow = NonNullable<Awaited<ReturnType<typeof findEndpoint>>>

export function listEndpoints(db: Queryable) {
  return db.webhookEndpoint.findMany({ orderBy: { id: 'asc' }, select: VIEW })
}
export type WebhookEndpoint = Awaited<ReturnType<typeof listEndpoints>>[number]

/** Changes what is given. Null without such an endpoint. */
export async function updateEndpoint(
  db: Queryable,
  id: string,
  change: Partial<Omit<NewEndpoint, 'id' | 'secretSealed'>> & {
    disabledAt?: Date | null
    disabledReason?: DisabledReason | null
    failingSince?: null
  },
): Promise<WebhookEndpoint | null> {
  const { count } = await db.webhookEndpoint.updateMany({ where: { id }, data: change })
  return count === 0 ? null : db.webhookEndpoint.findUnique({ where: { id }, select: VIEW })
}

/** Deletes an endpoint with its deliveries. */
export async function deleteEndpoint(db: Queryable, id: string): Promise<boolean> {
  const { count } = await db.webhookEndpoint.deleteMany({ where: { id } })
  return count > 0
}

/** Replaces the secret; the earlier one signs beside it until then. */
export async function rotateSecret(
  db: Queryable,
  id: string,
  { sealed, previousUntil }: { sealed: Buffer<ArrayBuffer>; previousUntil: Date },
): Promise<boolean> {
  const count = await db.$executeRaw`
    UPDATE webhook_endpoints SET secret_previous_sealed = secret_sealed, previous_until = ${previousUntil},
      secret_sealed = ${sealed}
    WHERE id = ${id}::uuid`
  return count > 0
}

/** Stores secrets that were sealed anew, unless they were replaced meanwhile. */
export async function resealSecret(
  db: Queryable,
  id: string,
  { before, sealed }: { before: Uint8Array<ArrayBuffer>; sealed: Buffer<ArrayBuffer> },
): Promise<void> {
  await db.webhookEndpoint.updateMany({ where: { id, secretSealed: before }, data: { secretSealed: sealed } })
}

/** Ends a time of failures. */
export async function recordEndpointSuccess(db: Queryable, id: string): Promise<void> {
  await db.webhookEndpoint.updateMany({ where: { id, failingSince: { not: null } }, data: { failingSince: null } })
}

/**
 * Notes when the failures began, and disables the endpoint if it is gone or has failed for `maxFailing` milliseconds of the
 * database's clock. Resolves to the reason if this disabled it.
 */
export async function recordEndpointFailure(
  db: Queryable,
  id: string,
  { gone, maxFailing }: { gone: boolean; maxFailing: number },
): Promise<DisabledReason | null> {
  const rows = await db.$queryRaw<{ disabled_reason: DisabledReason | null }[]>`
    UPDATE webhook_endpoints SET failing_since = coalesce(failing_since, now()),
      disabled_at = CASE WHEN verdict IS NOT NULL THEN now() END, disabled_reason = verdict
    FROM (SELECT id AS judged, CASE WHEN ${gone} THEN 'GONE'
      WHEN failing_since <= now() - ${maxFailing}::float8 * interval '1 millisecond' THEN 'FAILING' END AS verdict
      FROM webhook_endpoints WHERE id = ${id}::uuid) judgement
    WHERE id = judged AND disabled_at IS NULL AND (verdict IS NOT NULL OR failing_since IS NULL)
    RETURNING disabled_reason`
  return rows[0]?.disabled_reason ?? null
}
