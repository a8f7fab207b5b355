import type { Queryable, Transaction } from './database'

/** A confirmed factor as its owner sees it. */
export interface SecondFactor {
  id: string
  kind: 'TOTP'
  name: string
  createdAt: Date
  lastUsedAt: Date | null
}

/** A factor with its secret, sealed. */
export interface SealedFactor {
  id: string
  secretSealed: Uint8Array
}

/** The factors of an account and its unused recovery codes. Without a factor there is no second step, even if codes are left. */
export interface FactorState {
  factors: SealedFactor[]
  passkeys: number
  codesLeft: number
}

export function hasSecondFactor({ factors, passkeys }: Pick<FactorState, 'factors' | 'passkeys'>): boolean {
  return factors.length > 0 || passkeys > 0
}

interface StateRow {
  id: string | null
  secretSealed: Uint8Array | null
  passkeys: number
  codesLeft: number
}

/** In one statement, since every login runs it. */
export async function findFactorState(db: Queryable, userId: string): Promise<FactorState> {
  const rows = await db.$queryRaw<StateRow[]>`
    SELECT f.id, f.secret_sealed AS "secretSealed", counts.passkeys, counts."codesLeft"
    FROM (
      SELECT (SELECT count(*)::int FROM passkeys WHERE user_id = ${userId}::uuid) AS passkeys,
        (SELECT count(*)::int FROM recovery_codes WHERE user_id = ${userId}::uuid AND used_at IS NULL) AS "codesLeft"
    ) counts
    LEFT JOIN totp_factors f ON f.user_id = ${userId}::uuid AND f.confirmed_at IS NOT NULL
    ORDER BY f.created_at, f.id`
  const factors = rows.flatMap(({ id, secretSealed }) => (id !== null && secretSealed ? [{ id, secretSealed }] : []))
  const { passkeys = 0, codesLeft = 0 } = rows[0] ?? {}
  return { factors, passkeys, codesLeft }
}

export async function listSecondFactors(db: Queryable, userId: string): Promise<SecondFactor[]> {
  const rows = await db.totpFactor.findMany({
    where: { userId, confirmedAt: { not: null } },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    select: { id: true, name: true, createdAt: true, lastUsedAt: true },
  })
  return rows.map((row) => ({ ...row, kind: 'TOTP' as const }))
}

/** Deletes the recovery codes of a locked account that has no second factor left. */
export async function dropUselessCodes(tx: Transaction, userId: string): Promise<void> {
  if (!hasSecondFactor(await findFactorState(tx, userId))) await tx.recoveryCode.deleteMany({ where: { userId } })
}

/** Stores a pending enrolment; it replaces an earlier one. Call with the account locked. */
export async function replaceEnrolment(
  tx: Transaction,
  factor: { id: string; userId: string; name: string; secretSealed: Uint8Array<ArrayBuffer>; now: Date },
): Promise<void> {
  const { now: createdAt, ...row } = factor
  await tx.totpFactor.deleteMany({ where: { userId: factor.userId, confirmedAt: null } })
  await tx.totpFactor.create({ data: { ...row, createdAt } })
}

/** The pending enrolment, unless it started before `since`. */
export function findEnrolment(
  db: Queryable,
  { id, userId, since }: { id: string; userId: string; since: Date },
): Promise<SealedFactor | null> {
  return db.totpFactor.findFirst({
    where: { id, userId, confirmedAt: null, createdAt: { gt: since } },
    select: { id: true, secretSealed: true },
  })
}

/** Confirms a factor and marks the step of its code as used. Null if the enrolment is no longer pending. */
export async function confirmFactor(
  tx: Transaction,
  { id, step, now }: { id: string; step: number; now: Date },
): Promise<SecondFactor | null> {
  const confirmed = await tx.totpFactor.updateManyAndReturn({
    where: { id, confirmedAt: null },
    data: { confirmedAt: now, lastStep: BigInt(step) },
    select: { id: true, name: true, createdAt: true, lastUsedAt: true },
  })
  const [factor] = confirmed
  return factor ? { ...factor, kind: 'TOTP' } : null
}

/** Marks a step as used. True once; false later for this and earlier steps (RFC 6238 §5.2). */
export async function useTotpStep(
  tx: Transaction,
  { id, step, now }: { id: string; step: number; now: Date },
): Promise<boolean> {
  const { count } = await tx.totpFactor.updateMany({
    where: { id, lastStep: { lt: BigInt(step) }, confirmedAt: { not: null } },
    data: { lastStep: BigInt(step), lastUsedAt: now },
  })
  return count === 1
}

/** Stores a secret that was sealed again under SECRET, unless it was replaced meanwhile. */
export async function updateSealedSecret(
  db: Queryable,
  { id, secretSealed, resealed }: SealedFactor & { resealed: Uint8Array<ArrayBuffer> },
): Promise<void> {
  await db.totpFactor.updateMany({
    where: { id, secretSealed: new Uint8Array(secretSealed) },
    data: { secretSealed: resealed },
  })
}

/** Deletes a confirmed factor, and with the last one the recovery codes. Call with the account locked. False if there is none. */
export async function deleteFactor(tx: Transaction, { id, userId }: { id: string; userId: string }): Promise<boolean> {
  const { count } = await tx.totpFactor.deleteMany({ where: { id, userId, confirmedAt: { not: null } } })
  if (count === 0) return false
  await dropUselessCodes(tx, userId)
  return true
}

/** Replaces all recovery codes. Call with the account locked. */
export async function replaceRecoveryCodes(
  tx: Transaction,
  { userId, hashes, now }: { userId: string; hashes: readonly Uint8Array<ArrayBuffer>[]; now: Date },
): Promise<void> {
  await tx.recoveryCode.deleteMany({ where: { userId } })
  await tx.recoveryCode.createMany({ data: hashes.map((codeHash) => ({ userId, codeHash, createdAt: now })) })
}

/** Marks a recovery code as used. True once. */
export async function useRecoveryCode(
  tx: Transaction,
  { userId, codeHash, now }: { userId: string; codeHash: Uint8Array<ArrayBuffer>; now: Date },
): Promise<boolean> {
  const { count } = await tx.recoveryCode.updateMany({
    where: { userId, codeHash, usedAt: null },
    data: { usedAt: now },
  })
  return count === 1
}

export function countRecoveryCodes(db: Queryable, userId: string): Promise<number> {
  return db.recoveryCode.count({ where: { userId, usedAt: null } })
}

/** Counts a proof as a consecutive failure before it is compared. False, and nothing counted, if `max` have failed already. */
export async function countSecondFactorFailure(db: Queryable, userId: string, max: number): Promise<boolean> {
  const { count } = await db.user.updateMany({
    where: { id: userId, secondFactorFailures: { lt: max } },
    data: { secondFactorFailures: { increment: 1 } },
  })
  return count === 1
}

/** Resets the count, after a right proof or a password reset. */
export async function forgetSecondFactorFailures(tx: Transaction, userId: string): Promise<void> {
  await tx.user.updateMany({
    where: { id: userId, secondFactorFailures: { gt: 0 } },
    data: { secondFactorFailures: 0 },
  })
}
