import type { Queryable, Transaction } from './database'
import type { PublicJwk, StoredKey } from '../lib/jwk'

/** Taken while keys are made or moved on, so that any number of instances do it once. Freed with the transaction. */
export async function lockSigningKeys(tx: Transaction): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('gatehouse'), hashtext('signing_keys'))`
}

/** Every key that signs, waits to sign or still verifies, oldest first. */
export async function listSigningKeys(db: Queryable, now: Date): Promise<StoredKey[]> {
  const rows = await db.signingKey.findMany({
    where: { OR: [{ verifiesUntil: null }, { verifiesUntil: { gt: now } }] },
    orderBy: { signsFrom: 'asc' },
  })
  // Our own column, written by insertSigningKey alone.
  return rows.map((row) => ({ ...row, publicJwk: row.publicJwk as unknown as PublicJwk }))
}

export async function insertSigningKey(tx: Transaction, key: StoredKey, now: Date): Promise<void> {
  await tx.signingKey.create({ data: { ...key, publicJwk: { ...key.publicJwk }, createdAt: now } })
}

export async function updateSigningKey(
  db: Queryable,
  kid: string,
  changes: Partial<Pick<StoredKey, 'signsFrom' | 'verifiesUntil' | 'privateKeySealed'>>,
): Promise<void> {
  await db.signingKey.update({ where: { kid }, data: changes })
}

/** Removes the keys whose last token is dead. */
export async function deleteDeadSigningKeys(db: Queryable, now: Date): Promise<number> {
  const { count } = await db.signingKey.deleteMany({ where: { verifiesUntil: { lt: now } } })
  return count
}
