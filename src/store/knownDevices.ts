import { Prisma } from '../generated/prisma/client'
import type { Queryable, Transaction } from './database'

/** A login, as it decides whether its device is new. */
export interface DeviceOfLogin {
  /** Of the row and, if the owner is told, of the mail. */
  id: string
  /** Of the token in that mail. */
  tokenHash: Uint8Array<ArrayBuffer>
  /** A device counts as known if it was seen after this. */
  knownSince: Date
  /** Sessions that are compared, the ones seen last: a program that logs in all day has a hundred thousand. */
  maxSessions: number
  /** The owner is told of so many devices since then. */
  told: { max: number; since: Date }
}

interface Place {
  userId: string
  sessionId: string
  userAgent: string | null
  ipAddress: string | null
  now: Date
}

/**
 * Expressions of the statement that starts a session, so that no login costs another one: `verdict.is_new` tells whether the
 * account was seen from this device and network, by its logins or sessions. The first login of an account is not new. A device
 * whose owner has rejected a login, or was not told of one since there were too many, is new at the next one.
 */
export function noteDevice(
  { id, tokenHash, knownSince, maxSessions, told }: DeviceOfLogin,
  { userId, sessionId, userAgent, ipAddress, now }: Place,
): Prisma.Sql {
  return Prisma.sql`
    here AS MATERIALIZED (
      SELECT device_of(${userAgent}::text) AS device, client_network(${ipAddress}::text) AS network
    ), known AS (
      SELECT last_seen_at, is_known FROM known_devices, here
      WHERE user_id = ${userId}::uuid AND device_hash = device AND known_devices.network = here.network
    ), seen AS (
      SELECT 1 FROM known WHERE last_seen_at > ${knownSince}
      UNION ALL
      SELECT 1 FROM here, (
        SELECT user_agent, ip_address FROM sessions
        WHERE user_id = ${userId}::uuid AND last_seen_at > ${knownSince} ORDER BY last_seen_at DESC LIMIT ${maxSessions}
      ) AS recent
      WHERE device_of(user_agent) = device AND client_network(ip_address) = network
    ), judged AS MATERIALIZED (
      SELECT EXISTS (SELECT 1 FROM seen) AND NOT EXISTS (SELECT 1 FROM known WHERE NOT is_known) AS is_seen,
        (SELECT last_login_at IS NULL FROM users WHERE id = ${userId}::uuid) AS is_first,
        (SELECT count(*) < ${told.max} FROM known_devices
         WHERE user_id = ${userId}::uuid AND token_hash IS NOT NULL AND created_at > ${told.since}) AS may_tell
    ), verdict AS MATERIALIZED (
      SELECT *, NOT is_seen AND NOT is_first AND may_tell AS is_new FROM judged
    ), noted AS (
      INSERT INTO known_devices AS stored (id, user_id, device_hash, network, session_id, token_hash, is_known, created_at, last_seen_at)
      SELECT ${id}::uuid, ${userId}::uuid, device, network, ${sessionId}::uuid,
        CASE WHEN is_new THEN ${tokenHash}::bytea END, is_seen OR is_first OR is_new, ${now}, ${now}
      FROM here, verdict
      ON CONFLICT (user_id, device_hash, network) DO UPDATE SET last_seen_at = excluded.last_seen_at, is_known = excluded.is_known,
        (id, session_id, token_hash, created_at) = (
          SELECT excluded.id, excluded.session_id, excluded.token_hash, excluded.created_at
          WHERE excluded.token_hash IS NOT NULL
          UNION ALL
          SELECT stored.id, stored.session_id, stored.token_hash, stored.created_at
          WHERE excluded.token_hash IS NULL)
    )`
}

/** The device of a login that was told by this mail, with its session; null if it is not stored any more. */
export async function findDeviceOfMail(db: Queryable, mailId: string) {
  const device = await db.knownDevice.findUnique({ where: { id: mailId } })
  if (!device) return null
  const session = device.sessionId === null ? null : await db.session.findUnique({ where: { id: device.sessionId } })
  return { ...device, session }
}

export function findDeviceByToken(db: Queryable, tokenHash: Uint8Array<ArrayBuffer>) {
  return db.knownDevice.findUnique({ where: { tokenHash }, include: { user: true } })
}
export type KnownDevice = NonNullable<Awaited<ReturnType<typeof findDeviceByToken>>>

/** Uses the link up: the device is not known from then on. Of concurrent calls only one gets true. */
export async function rejectDevice(tx: Transaction, { id }: { id: string }): Promise<boolean> {
  const { count } = await tx.knownDevice.updateMany({
    where: { id, tokenHash: { not: null } },
    data: { tokenHash: null, isKnown: false },
  })
  return count === 1
}

/** Rejects the devices that were first seen since then. */
export async function rejectDevicesSince(tx: Transaction, userId: string, since: Date): Promise<void> {
  const where = { userId, createdAt: { gte: since } }
  await tx.knownDevice.updateMany({ where, data: { tokenHash: null, isKnown: false } })
}

/** Ends the session of a rejected login, and those that began from its device and network since. Returns their ids. */
export async function revokeSessionsOfDevice(tx: Transaction, device: KnownDevice, now: Date): Promise<string[]> {
  const { userId, sessionId, deviceHash, network, createdAt } = device
  const ended = await tx.$queryRaw<{ id: string }[]>`
    UPDATE sessions SET revoked_at = ${now}
    WHERE user_id = ${userId}::uuid AND revoked_at IS NULL AND expires_at > ${now}
      AND (id = ${sessionId}::uuid OR (created_at >= ${createdAt} AND device_of(user_agent) = ${deviceHash}
        AND client_network(ip_address) = ${network}))
    RETURNING id`
  return ended.map(({ id }) => id)
}
