import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from './database'
import type { ChallengePurpose } from '../generated/prisma/client'

export interface NewChallenge {
  purpose: ChallengePurpose
  tokenHash: Uint8Array<ArrayBuffer>
  userId?: string
  /** The session that asked. */
  sessionId?: string
  /** The address that a code is mailed to. */
  email?: string
  /** The registration that its code activates. Not a foreign key: the row must not disappear with the registration. */
  registrationId?: string
  /** Names what asked for a code, for the mail. */
  device?: string | null
  /** How the user authenticated in the first step. */
  amr?: readonly string[]
  /** The password that was checked: a change of it invalidates the challenge. */
  passwordChangedAt?: Date
  maxAttempts: number
  now: Date
  expiresAt: Date
}

export interface ChallengeKey {
  purpose: ChallengePurpose
  tokenHash: Uint8Array<ArrayBuffer>
  now: Date
}

/** An attempt that was admitted. */
export interface AdmittedAttempt {
  id: string
  userId: string
  amr: string[]
  passwordChangedAt: Date
}

export interface AdmittedCode {
  id: string
  /** Null once its codes are invalid: then every code is wrong. */
  email: string | null
  /** The keyed digest of the code; null if none was mailed. */
  stored: Uint8Array | null
  /** Null unless the challenge was created with a registration. */
  registrationId: string | null
}

export interface AdmittedPasskeyChallenge {
  /** Both null for a login. */
  userId: string | null
  sessionId: string | null
}

interface AdmittedRow {
  id: string
  userId: string | null
  sessionId: string | null
  registrationId: string | null
  email: string | null
  secret: Uint8Array | null
  amr: string[]
  passwordChangedAt: string | null
}

/** Returns its id. */
export async function createChallenge(db: Queryable, challenge: NewChallenge): Promise<string> {
  const { amr = [], passwordChangedAt, registrationId, device = null, now: createdAt, ...row } = challenge
  const id = uuidv7()
  const state = {
    ...(passwordChangedAt && { passwordChangedAt: passwordChangedAt.toISOString() }),
    ...(registrationId !== undefined && { registrationId }),
    ...(device !== null && { device }),
  }
  await db.challenge.createMany({ data: [{ ...row, id, amr: [...amr], state, createdAt }] })
  return id
}

/** Names what asked for the code of a challenge; null if that is unknown, as for one of an earlier release. */
export function deviceOf(challenge: { state: unknown } | null): string | null {
  const { device } = Object(challenge?.state) as { device?: unknown }
  return typeof device === 'string' ? device : null
}

/**
 * Counts an attempt before anything is compared, in one statement, so that parallel ones cannot exceed `max_attempts`. Null
 * if the challenge is unknown, expired, used, or has no attempt left.
 */
async function admit(db: Queryable, { purpose, tokenHash, now }: ChallengeKey): Promise<AdmittedRow | null> {
  const rows = await db.$queryRaw<AdmittedRow[]>`
    UPDATE challenges SET attempts = attempts + 1
    WHERE token_hash = ${tokenHash} AND purpose = ${purpose}::challenge_purpose AND attempts < max_attempts
      AND consumed_at IS NULL AND expires_at > ${now}
    RETURNING id, user_id AS "userId", session_id AS "sessionId", email, secret, amr, state->>'passwordChangedAt' AS "passwordChangedAt",
      state->>'registrationId' AS "registrationId"`
  return rows[0] ?? null
}

/** An attempt at the second step of a login. */
export async function admitAttempt(db: Queryable, key: ChallengeKey): Promise<AdmittedAttempt | null> {
  const row = await admit(db, key)
  if (row?.userId == null || row.passwordChangedAt === null) return null
  const { id, userId, amr, passwordChangedAt } = row
  return { id, userId, amr, passwordChangedAt: new Date(passwordChangedAt) }
}

/** An attempt at a mailed code. */
export async function admitCode(db: Queryable, key: ChallengeKey): Promise<AdmittedCode | null> {
  const row = await admit(db, key)
  return row && { id: row.id, email: row.email, stored: row.secret, registrationId: row.registrationId }
}

/** The only attempt at a challenge for a passkey. */
export async function admitPasskeyChallenge(
  db: Queryable,
  key: ChallengeKey,
): Promise<AdmittedPasskeyChallenge | null> {
  const row = await admit(db, key)
  return row && { userId: row.userId, sessionId: row.sessionId }
}

/** Stores the digest of the code that is about to be mailed. */
export async function setCodeDigest(tx: Transaction, id: string, secret: Uint8Array<ArrayBuffer>): Promise<void> {
  await tx.challenge.updateMany({ where: { id }, data: { secret } })
}

/** Whether a challenge that admitted no attempt had expired before it was used. */
export async function hasExpired(db: Queryable, { purpose, tokenHash, now }: ChallengeKey): Promise<boolean> {
  const where = { purpose, tokenHash, consumedAt: null, expiresAt: { lte: now } }
  return (await db.challenge.count({ where })) > 0
}

/**
 * Invalidates the codes that were mailed to these addresses. The rows stay and go on counting attempts: if they disappeared,
 * whoever asked for a code could tell that the address has an account that was verified, reset or deleted.
 */
export async function invalidateCodes(tx: Transaction, addresses: readonly string[]): Promise<void> {
  await tx.challenge.updateMany({ where: { email: { in: [...addresses] } }, data: { email: null } })
}

/** Marks the challenge as used: of concurrent calls only one gets true. */
export async function consumeChallenge(tx: Transaction, id: string, now: Date): Promise<boolean> {
  const { count } = await tx.challenge.updateMany({ where: { id, consumedAt: null }, data: { consumedAt: now } })
  return count === 1
}

/** Whether a challenge has been used, or is gone. */
export async function isConsumed(db: Queryable, id: string): Promise<boolean> {
  return (await db.challenge.count({ where: { id, consumedAt: null } })) === 0
}
