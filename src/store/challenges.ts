import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from './database'
import type { ChallengePurpose } from '../generated/prisma/client'

export interface NewChallenge {
  purpose: ChallengePurpose
  tokenHash: Uint8Array<ArrayBuffer>
  userId: string
  /** How the user authenticated in the first step. */
  amr: readonly string[]
  /** The password that was checked: a change of it invalidates the challenge. */
  passwordChangedAt: Date
  maxAttempts: number
  now: Date
  expiresAt: Date
}

/** An attempt that was admitted. */
export interface AdmittedAttempt {
  id: string
  userId: string
  amr: string[]
  passwordChangedAt: Date
}

export async function createChallenge(tx: Transaction, challenge: NewChallenge): Promise<void> {
  const { purpose, tokenHash, userId, amr, passwordChangedAt, maxAttempts, now: createdAt, expiresAt } = challenge
  const state = { passwordChangedAt: passwordChangedAt.toISOString() }
  await tx.challenge.create({
    data: { id: uuidv7(), purpose, tokenHash, userId, amr: [...amr], state, maxAttempts, createdAt, expiresAt },
  })
}

/**
 * Counts an attempt before anything is compared, in one statement, so that parallel ones cannot exceed `max_attempts`. Null
 * if the challenge is unknown, expired, used, or has no attempt left.
 */
export async function admitAttempt(
  db: Queryable,
  { purpose, tokenHash, now }: { purpose: ChallengePurpose; tokenHash: Uint8Array<ArrayBuffer>; now: Date },
): Promise<AdmittedAttempt | null> {
  const rows = await db.$queryRaw<{ id: string; userId: string | null; amr: string[]; passwordChangedAt: string }[]>`
    UPDATE challenges SET attempts = attempts + 1
    WHERE token_hash = ${tokenHash} AND purpose = ${purpose}::challenge_purpose AND attempts < max_attempts
      AND consumed_at IS NULL AND expires_at > ${now}
    RETURNING id, user_id AS "userId", amr, state->>'passwordChangedAt' AS "passwordChangedAt"`
  const [row] = rows
  if (!row || row.userId === null) return null
  return { ...row, userId: row.userId, passwordChangedAt: new Date(row.passwordChangedAt) }
}

/** Marks the challenge as used: of concurrent calls only one gets true. */
export async function consumeChallenge(tx: Transaction, id: string, now: Date): Promise<boolean> {
  const { count } = await tx.challenge.updateMany({ where: { id, consumedAt: null }, data: { consumedAt: now } })
  return count === 1
}
