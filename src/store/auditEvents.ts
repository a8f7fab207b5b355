import { v7 as uuidv7 } from 'uuid'
import type { Queryable } from './database'
import { newestFirst } from './newestFirst'
import { Prisma } from '../generated/prisma/client'
import type { AuditEventType } from '../lib/auditEventTypes'
import type { PageStart } from '../lib/pageCursor'

export type ActorKind = 'user' | 'operator' | 'service' | 'cli' | 'system'

export interface AuditEvent {
  type: AuditEventType
  userId: string | null
  ipAddress: string | null
  userAgent: string | null
  now: Date
  actorKind: ActorKind
  /** The operator's account, or the service key. */
  actorId: string | null
  requestId: string | null
  /** Ids, counts and codes: never a secret, never an address. */
  details?: Record<string, string | number | boolean>
}

/** Records an event; see `recordingOf`. */
export async function insertAuditEvent(db: Queryable, event: AuditEvent): Promise<void> {
  await db.$executeRaw`WITH ${recordingOf([event])} SELECT`
}

/**
 * Expressions of a statement that records events, so that a change with its events costs one. If the user was deleted
 * meanwhile, a row has no user id, address, user agent or details.
 */
export function recordingOf(events: readonly AuditEvent[]): Prisma.Sql {
  const each = <Value>(of: (event: AuditEvent) => Value): Value[] => events.map(of)
  return Prisma.sql`
    entries AS (
      SELECT * FROM unnest(
        ${each(() => uuidv7())}::uuid[], ${each(({ userId }) => userId)}::uuid[], ${each(({ type }) => type)}::text[],
        ${each(({ ipAddress }) => ipAddress)}::text[], ${each(({ userAgent }) => userAgent)}::text[],
        ${each(({ details = {} }) => JSON.stringify(details))}::text[], ${each(({ requestId }) => requestId)}::uuid[],
        ${each(({ actorKind }) => actorKind)}::text[], ${each(({ actorId }) => actorId)}::uuid[],
        ${each(({ now }) => now)}::timestamptz[]
      ) AS event (id, user_id, type, ip_address, user_agent, details, request_id, actor_kind, actor_id, created_at)
    ), owner AS (
      SELECT id FROM users WHERE id IN (SELECT user_id FROM entries) FOR KEY SHARE
    ), recorded AS (
      INSERT INTO audit_events
        (id, user_id, type, ip_address, user_agent, details, request_id, actor_kind, actor_id, created_at)
      SELECT entries.id, owner.id, type, CASE WHEN is_known THEN ip_address END, CASE WHEN is_known THEN user_agent END,
        CASE WHEN is_known THEN details::jsonb ELSE '{}' END, CASE WHEN is_known THEN request_id END,
        actor_kind, actor_id, created_at
      FROM entries LEFT JOIN owner ON owner.id = entries.user_id
        CROSS JOIN LATERAL (SELECT entries.user_id IS NULL OR owner.id IS NOT NULL AS is_known) AS known
    )`
}

/** How many events of a kind a user has had since then. */
export function countAuditEvents(
  db: Queryable,
  { userId, type, since }: { userId: string; type: AuditEventType; since: Date },
): Promise<number> {
  return db.auditEvent.count({ where: { userId, type, createdAt: { gt: since } } })
}

/**
 * The client that made a change at that moment, or, where the event names a session, the one that the session was on. Null if
 * the change was not a user's own, or its row is gone.
 */
export async function clientOfChange(
  db: Queryable,
  { userId, types, at }: { userId: string; types: readonly AuditEventType[]; at: Date },
): Promise<{ ipAddress: string | null; userAgent: string | null } | null> {
  const rows = await db.$queryRaw<{ ipAddress: string | null; userAgent: string | null }[]>`
    SELECT CASE WHEN named.id IS NULL THEN e.ip_address ELSE s.ip_address END AS "ipAddress",
      CASE WHEN named.id IS NULL THEN e.user_agent ELSE s.user_agent END AS "userAgent"
    FROM audit_events e
      CROSS JOIN LATERAL (SELECT (e.details ->> 'sessionId')::uuid AS id) named
      LEFT JOIN sessions s ON s.id = named.id AND s.user_id = e.user_id
    WHERE e.user_id = ${userId}::uuid AND e.created_at = ${at}::timestamptz AND e.actor_kind = 'user'
      AND e.type = ANY(${[...types]}::text[])
    LIMIT 1`
  return rows[0] ?? null
}

/** An event as its owner may read it. */
export interface SecurityEvent {
  id: string
  type: AuditEventType
  createdAt: Date
  byOperator: boolean
  /** Null if an operator did it: they are no client of the account. */
  ipAddress: string | null
  userAgent: string | null
}

/** A row after every other one: the statement is the same for the first page and the later ones. */
const FIRST_PAGE: PageStart = {
  createdAt: new Date('9999-12-31T00:00:00Z'),
  id: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
}

/** One page of events of an account, the newest first. It begins after an event, so that new events move no page. */
export function listEventsOfUser(
  db: Queryable,
  { userId, types }: { userId: string; types: readonly AuditEventType[] },
  { first, after }: { first: number; after: PageStart | null },
): Promise<SecurityEvent[]> {
  const { createdAt, id } = after ?? FIRST_PAGE
  return db.$queryRaw<SecurityEvent[]>`
    SELECT id, type, created_at AS "createdAt", actor_kind <> 'user' AS "byOperator",
      CASE WHEN actor_kind = 'user' THEN ip_address END AS "ipAddress",
      CASE WHEN actor_kind = 'user' THEN user_agent END AS "userAgent"
    FROM audit_events
    WHERE user_id = ${userId}::uuid AND type = ANY(${[...types]}::text[])
      AND (created_at, id) < (${createdAt}::timestamptz, ${id}::uuid)
    ORDER BY created_at DESC, id DESC LIMIT ${first}`
}

export interface AuditFilter {
  userId?: string
  types?: readonly string[]
  ipAddress?: string
  after?: Date
  before?: Date
}

/** One page of events, the newest first. It begins after an event, so that new events move no page. */
export function listAuditEvents(
  db: Queryable,
  { userId, types, ipAddress, after, before }: AuditFilter,
  size: { first: number; after: PageStart | null },
) {
  const { beyond, page } = newestFirst(size)
  return db.auditEvent.findMany({
    where: {
      ...(userId !== undefined && { userId }),
      ...(types && { type: { in: [...types] } }),
      ...(ipAddress !== undefined && { ipAddress }),
      createdAt: { ...(after && { gt: after }), ...(before && { lt: before }) },
      ...beyond,
    },
    ...page,
  })
}
