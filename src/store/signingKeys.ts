import type { Pool } from 'pg'
import type { Queryable, Transaction } from './database'
import type { PublicJwk, StoredKey } from '../lib/jwk'

/**
 * Locks the creation and rotation of keys, so that several instances do it once. The lock ends with the transaction. Returns
 * the database's time after the wait for the lock.
 */
export async function lockSigningKeys(tx: Transaction): Promise<Date> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('gatehouse'), hashtext('signing_keys'))`
  return databaseNow(tx)
}

export async function databaseNow(db: Queryable): Promise<Date> {
  const [row] = await db.$queryRaw<[{ now: Date }]>`SELECT clock_timestamp() AS now`
  return row.now
}

/**
 * The keys as `listSigningKeys` reads them, with the database's time. By plain SQL: the start needs nothing else of the database,
 * and Prisma's compiler of queries takes longer to load than the rest of the start's statements take.
 */
export async function readSigningKeys(pool: Pool): Promise<{ now: Date; keys: StoredKey[] }> {
  const { rows } = await pool.query<{ now: Date } & (StoredKey | { kid: null })>(
    `SELECT time.now, key.kid, key.public_jwk AS "publicJwk", key.private_key_sealed AS "privateKeySealed",
            key.signs_from AS "signsFrom", key.verifies_until AS "verifiesUntil"
     FROM (SELECT clock_timestamp() AS now) AS time
     LEFT JOIN signing_keys AS key ON key.verifies_until IS NULL OR key.verifies_until > time.now
     ORDER BY key.signs_from`,
  )
  const [first] = rows
  if (!first) throw new Error('A row with the time is always there')
  return { now: first.now, keys: rows.flatMap((row) => (row.kid === null ? [] : [row])) }
}

/** Every key that signs, waits to sign or still verifies, oldest first. `now` is the database's. */
export async function listSigningKeys(db: Queryable, now: Date): Promise<StoredKey[]> {
  const rows = await db.signingKey.findMany({
    where: { OR: [{ verifiesUntil: null }, { verifiesUntil: { gt: now } }] },
    orderBy: { signsFrom: 'asc' },
  })
  // Our own column, written by insertSigningKey alone.
  return rows.map((row) => ({ ...row, publicJwk: row.publicJwk as unknown as PublicJwk }))
}

export async function insertSigningKey(tx: Transaction, key: StoredKey): Promise<void> {
  await tx.signingKey.create({ data: { ...key, publicJwk: { ...key.publicJwk } } })
}

export async function updateSigningKey(
  db: Queryable,
  kid: string,
  changes: Partial<Pick<StoredKey, 'signsFrom' | 'verifiesUntil' | 'privateKeySealed'>>,
): Promise<void> {
  await db.signingKey.update({ where: { kid }, data: changes })
}

/** Deletes the keys whose last token has expired. */
export async function deleteDeadSigningKeys(db: Queryable, now: Date): Promise<number> {
  const { count } = await db.signingKey.deleteMany({ where: { verifiesUntil: { lt: now } } })
  return count
}
