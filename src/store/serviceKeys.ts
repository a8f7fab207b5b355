import type { Queryable, Transaction } from './database'

/** A service key without the key itself. */
export interface ServiceKey {
  id: string
  name: string
  scopes: string[]
  /** Addresses and ranges that it may be used from; none: from anywhere. */
  allowedIps: string[]
  createdAt: Date
  expiresAt: Date
  lastUsedAt: Date | null
  revokedAt: Date | null
}

const VIEW = {
  ...{ id: true, name: true, scopes: true, allowedIps: true },
  ...{ createdAt: true, expiresAt: true, lastUsedAt: true, revokedAt: true },
} as const

export interface NewServiceKey {
  id: string
  name: string
  keyHash: Uint8Array<ArrayBuffer>
  scopes: string[]
  allowedIps: string[]
  createdBy: string | null
  createdAt: Date
  expiresAt: Date
}

/** Makes those who create a key wait for each other until their transactions end: each counts what the one before created. */
export async function lockServiceKeyCount(tx: Transaction): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('gatehouse'), hashtext('service_keys'))`
}

export function insertServiceKey(tx: Transaction, key: NewServiceKey): Promise<ServiceKey> {
  return tx.serviceKey.create({ data: key, select: VIEW })
}

/** The key with this digest, if it may be used now and from this address. */
export async function findUsableServiceKey(
  db: Queryable,
  { keyHash, ipAddress, now }: { keyHash: Uint8Array<ArrayBuffer>; ipAddress: string; now: Date },
): Promise<Pick<ServiceKey, 'id' | 'name' | 'scopes' | 'lastUsedAt'> | null> {
  const rows = await db.$queryRaw<Pick<ServiceKey, 'id' | 'name' | 'scopes' | 'lastUsedAt'>[]>`
    SELECT id, name, scopes, last_used_at AS "lastUsedAt" FROM service_keys
    WHERE key_hash = ${keyHash} AND revoked_at IS NULL AND expires_at > ${now}
      AND (allowed_ips = '{}' OR ${ipAddress}::inet <<= ANY (allowed_ips))`
  return rows[0] ?? null
}

export async function recordServiceKeyUse(db: Queryable, id: string, now: Date): Promise<void> {
  await db.serviceKey.updateMany({ where: { id }, data: { lastUsedAt: now } })
}

/** All keys, the newest first; revoked and expired ones too, until the purge deletes them. */
export function listServiceKeys(db: Queryable): Promise<ServiceKey[]> {
  return db.serviceKey.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }], select: VIEW })
}

/** Keys that can be used and expire before a moment, the next first. */
export function listExpiringServiceKeys(
  db: Queryable,
  { now, before }: { now: Date; before: Date },
): Promise<ServiceKey[]> {
  return db.serviceKey.findMany({
    where: { revokedAt: null, expiresAt: { gt: now, lt: before } },
    orderBy: { expiresAt: 'asc' },
    select: VIEW,
  })
}

export function countServiceKeys(db: Queryable, now: Date): Promise<number> {
  return db.serviceKey.count({ where: { revokedAt: null, expiresAt: { gt: now } } })
}

/** False if there is no such key, or it was revoked before. */
export async function revokeServiceKey(tx: Transaction, id: string, now: Date): Promise<boolean> {
  const { count } = await tx.serviceKey.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: now } })
  return count === 1
}
