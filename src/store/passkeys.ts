import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from './database'
import type { Passkey } from '../generated/prisma/client'

export type { Passkey }

/** Oldest first. */
export function listPasskeys(db: Queryable, userId: string): Promise<Passkey[]> {
  return db.passkey.findMany({ where: { userId }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] })
}

export function findPasskey(db: Queryable, credentialId: Uint8Array<ArrayBuffer>): Promise<Passkey | null> {
  return db.passkey.findUnique({ where: { credentialId } })
}

export type NewPasskey = Pick<
  Passkey,
  | 'userId'
  | 'credentialId'
  | 'publicKey'
  | 'transports'
  | 'aaguid'
  | 'backupEligible'
  | 'backedUp'
  | 'name'
  | 'createdAt'
> & { signCount: number }

/** Null if the credential is stored already. Call with the account locked. */
export async function createPasskey(tx: Transaction, { signCount, ...row }: NewPasskey): Promise<Passkey | null> {
  const data = { ...row, id: uuidv7(), signCount: BigInt(signCount), discoverable: true }
  const [created] = await tx.passkey.createManyAndReturn({ data: [data], skipDuplicates: true })
  return created ?? null
}

/**
 * Records a use: false if the passkey was removed meanwhile, or if its counter did not grow, as with a copy of it (WebAuthn L3
 * §6.1.1). A counter that is always 0 does not count: synced passkeys have none. The row stays locked until the session is
 * written, so that a removal comes before or after.
 */
export async function recordPasskeyUse(
  tx: Transaction,
  { id, signCount, backedUp, now }: { id: string; signCount: number; backedUp: boolean; now: Date },
): Promise<boolean> {
  const count = await tx.$executeRaw`
    UPDATE passkeys SET sign_count = ${signCount}, backed_up = ${backedUp}, last_used_at = ${now}
    WHERE id = ${id}::uuid AND (sign_count < ${signCount} OR (sign_count = 0 AND ${signCount} = 0))`
  return count === 1
}

export async function isPasskeyThere(db: Queryable, id: string): Promise<boolean> {
  return (await db.passkey.count({ where: { id } })) > 0
}

/** Null if this user has no such passkey. */
export async function renamePasskey(
  db: Queryable,
  { id, userId, name }: { id: string; userId: string; name: string },
): Promise<Passkey | null> {
  const [renamed] = await db.passkey.updateManyAndReturn({ where: { id, userId }, data: { name } })
  return renamed ?? null
}

/** False if this user has no such passkey. Call with the account locked. */
export async function deletePasskey(tx: Transaction, { id, userId }: { id: string; userId: string }): Promise<boolean> {
  const { count } = await tx.passkey.deleteMany({ where: { id, userId } })
  return count === 1
}
