import type { Pool } from 'pg'
import { Prisma } from '../generated/prisma/client'
import type { Transaction } from './database'
import { NO_PASSWORD } from './users'

/** Deletes an unverified account with an address that the caller has proved to own. False if a verified account has it. */
export async function deleteUnverifiedHolder(tx: Transaction, email: string): Promise<boolean> {
  await tx.user.deleteMany({ where: { email, emailVerifiedAt: null } })
  return (await tx.user.count({ where: { email } })) === 0
}

/** Stores the address of an unconfirmed change; it replaces an earlier one. Call with the account locked. */
export async function setPendingEmail(
  tx: Transaction,
  id: string,
  pending: { email: string; expiresAt: Date },
): Promise<void> {
  await tx.user.updateMany({
    where: { id },
    data: { pendingEmail: pending.email, pendingUntil: pending.expiresAt },
  })
}

// Plain pg and a named statement, since `me` by REST reads it with each request.
const READ_PENDING_EMAIL = {
  name: 'pending-email',
  text: 'SELECT pending_email FROM users WHERE id = $1 AND pending_email_expires_at > $2',
}

/** The new address of a change that has not expired; null if there is none. */
export async function readPendingEmail(pool: Pool, id: string, now: Date): Promise<string | null> {
  const { rows } = await pool.query<{ pending_email: string | null }>({ ...READ_PENDING_EMAIL, values: [id, now] })
  return rows[0]?.pending_email ?? null
}

/** True if a change was pending. */
export async function clearPendingEmail(tx: Transaction, id: string): Promise<boolean> {
  const { count } = await tx.user.updateMany({
    where: { id, pendingEmail: { not: null } },
    data: { pendingEmail: null, pendingUntil: null },
  })
  return count === 1
}

/**
 * Gives an account the address of its pending change, and deletes the registrations of the former one. False if the change is
 * no longer pending, or if another account took the address concurrently: then the transaction cannot commit.
 */
export async function changeEmail(tx: Transaction, id: string, change: { email: string; now: Date }): Promise<boolean> {
  const { email, now } = change
  try {
    const { count } = await tx.user.updateMany({
      where: { id, pendingEmail: email },
      data: { email, emailVerifiedAt: now, updatedAt: now },
    })
    if (count === 1) await tx.registration.deleteMany({ where: { userId: id } })
    return count === 1
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
}

/**
 * Gives a locked account an address that it had, as verified, and takes its password. False if another account took the
 * address concurrently: then the transaction cannot commit.
 */
export async function restoreEmail(
  tx: Transaction,
  id: string,
  { email, now }: { email: string; now: Date },
): Promise<boolean> {
  const password = { passwordHash: NO_PASSWORD, passwordChangedAt: now }
  try {
    await tx.user.update({ where: { id }, data: { email, emailVerifiedAt: now, ...password, updatedAt: now } })
  } catch (error) {
    if (isTaken(error)) return false
    throw error
  }
  await tx.registration.deleteMany({ where: { userId: id } })
  return true
}

function isTaken(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'
}
