import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from './database'
import { Prisma, type User } from '../generated/prisma/client'

/** What the doors may know of an account: no hash among it. */
export interface Account {
  id: string
  email: string
  emailVerifiedAt: Date | null
  displayName: string | null
  locale: string
  createdAt: Date
}

export function findUserByEmail(db: Queryable, email: string) {
  return db.user.findUnique({ where: { email } })
}

export function findUser(db: Queryable, id: string) {
  return db.user.findUnique({ where: { id } })
}

/** The state of an account that a password was checked against: whatever depends on the check demands that it still holds. */
export interface CheckedPassword {
  id: string
  passwordChangedAt: Date
}

/** Locks the account until the transaction ends; false where its password changed, or it was disabled or deleted, since the check. */
export async function lockChecked(tx: Transaction, { id, passwordChangedAt }: CheckedPassword): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM users
    WHERE id = ${id}::uuid AND password_changed_at = ${passwordChangedAt}::timestamptz AND disabled_at IS NULL
    FOR NO KEY UPDATE`
  return rows.length === 1
}

/**
 * Locks the account until the transaction ends: whoever touches several of its rows takes this first, so that none deadlock.
 * Null where it was deleted.
 */
export async function lockUser(tx: Transaction, id: string): Promise<{ email: string } | null> {
  const rows = await tx.$queryRaw<{ email: string }[]>`
    SELECT email FROM users WHERE id = ${id}::uuid FOR NO KEY UPDATE`
  return rows[0] ?? null
}

export interface Claim {
  email: string
  passwordHash: string
  displayName: string | null
  locale: string
  now: Date
}

/**
 * Writes a claim on an address: the account where there is none, and a registration of its own. The statement is the
 * same for a free, a waiting and a verified address, so that its time tells nothing; a verified account is not changed.
 */
export async function claimAddress(tx: Transaction, claim: Claim): Promise<{ userId: string; registrationId: string }> {
  const { email, passwordHash, displayName, locale, now } = claim
  const rows = await tx.$queryRaw<{ userId: string; registrationId: string }[]>`
    WITH account AS (
      INSERT INTO users (id, email, password_hash, password_changed_at, display_name, locale, created_at, updated_at)
      VALUES (${uuidv7()}::uuid, ${email}, ${passwordHash}, ${now}, ${displayName}, ${locale}, ${now}, ${now})
      ON CONFLICT (email) DO UPDATE SET
        password_hash = CASE WHEN users.email_verified_at IS NULL THEN excluded.password_hash ELSE users.password_hash END,
        display_name = CASE WHEN users.email_verified_at IS NULL THEN excluded.display_name ELSE users.display_name END,
        locale = CASE WHEN users.email_verified_at IS NULL THEN excluded.locale ELSE users.locale END
      RETURNING id
    )
    INSERT INTO registrations (id, user_id, password_hash, display_name, locale, created_at)
    SELECT ${uuidv7()}::uuid, account.id, ${passwordHash}, ${displayName}, ${locale}, ${now} FROM account
    RETURNING user_id AS "userId", id AS "registrationId"`
  const written = rows[0]
  if (!written) throw new Error('A claim that wrote no row')
  return written
}

/** A claim for an account that has none, of what it holds already. */
export function claimOfOwn(db: Queryable, user: User, now: Date) {
  const { id: userId, passwordHash, displayName, locale } = user
  return db.registration.create({ data: { id: uuidv7(), userId, passwordHash, displayName, locale, createdAt: now } })
}

/**
 * Activates one registration: its password and profile become the account's, the other claims and their links go.
 * True for the one call that does it; false where the account was verified before.
 */
export async function activateRegistration(tx: Transaction, registrationId: string, now: Date): Promise<boolean> {
  const activated = await tx.$queryRaw<{ userId: string }[]>`
    UPDATE users SET email_verified_at = ${now}, password_hash = r.password_hash, password_changed_at = ${now},
      display_name = r.display_name, locale = r.locale, updated_at = ${now}
    FROM registrations r
    WHERE r.id = ${registrationId}::uuid AND r.user_id = users.id AND r.password_hash IS NOT NULL
      AND users.email_verified_at IS NULL
    RETURNING users.id AS "userId"`
  const account = activated[0]
  if (!account) return false
  await tx.registration.update({ where: { id: registrationId }, data: { activatedAt: now, passwordHash: null } })
  await tx.registration.deleteMany({ where: { userId: account.userId, id: { not: registrationId } } })
  return true
}

/** Sets a new password hash, if the account still is what was checked. True when it was. */
export async function changePasswordHash(
  tx: Transaction,
  checked: CheckedPassword,
  change: { passwordHash: string; now: Date },
): Promise<boolean> {
  const { count } = await tx.user.updateMany({
    where: { id: checked.id, passwordChangedAt: checked.passwordChangedAt, disabledAt: null },
    data: { passwordHash: change.passwordHash, passwordChangedAt: change.now, updatedAt: change.now },
  })
  return count === 1
}

/** Stores the same password under today's algorithm and cost, unless it was changed meanwhile. */
export async function upgradePasswordHash(
  tx: Transaction,
  checked: CheckedPassword,
  passwordHash: string,
): Promise<void> {
  await tx.user.updateMany({
    where: { id: checked.id, passwordChangedAt: checked.passwordChangedAt },
    data: { passwordHash },
  })
}

/**
 * Sets the password that a reset brings. Following the mailed link has proved the address, so it is verified now, and
 * every claim on it, with its links, is void.
 */
export async function resetPassword(
  tx: Transaction,
  userId: string,
  change: { passwordHash: string; now: Date },
): Promise<void> {
  const { passwordHash, now } = change
  await tx.$executeRaw`
    UPDATE users SET password_hash = ${passwordHash}, password_changed_at = ${now}, updated_at = ${now},
      email_verified_at = coalesce(email_verified_at, ${now})
    WHERE id = ${userId}::uuid`
  await tx.registration.deleteMany({ where: { userId } })
}

export function updateProfile(
  db: Queryable,
  id: string,
  profile: { displayName?: string | null; locale?: string; now: Date },
) {
  const { now, ...changes } = profile
  return db.user.update({ where: { id }, data: { ...changes, updatedAt: now } })
}

/** Frees an address that only an unverified claim holds: the caller has proved to own it. False where a verified account holds it. */
export async function freeAddress(tx: Transaction, email: string): Promise<boolean> {
  await tx.user.deleteMany({ where: { email, emailVerifiedAt: null } })
  return (await tx.user.count({ where: { email } })) === 0
}

/** Notes the address of a change that waits to be confirmed, instead of one that waited before. Call with the account locked. */
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

/** True where a change waited. */
export async function clearPendingEmail(tx: Transaction, id: string): Promise<boolean> {
  const { count } = await tx.user.updateMany({
    where: { id, pendingEmail: { not: null } },
    data: { pendingEmail: null, pendingUntil: null },
  })
  return count === 1
}

/**
 * Gives an account the address of its pending change. False where that change does not wait any more, or another account
 * took the address at the same moment: the transaction is lost then.
 */
export async function changeEmail(tx: Transaction, id: string, change: { email: string; now: Date }): Promise<boolean> {
  const { email, now } = change
  try {
    const { count } = await tx.user.updateMany({
      where: { id, pendingEmail: email },
      data: { email, emailVerifiedAt: now, updatedAt: now },
    })
    return count === 1
  } catch (error) {
    if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002') return false
    throw error
  }
}

/** Deletes an account, if it still is what was checked; sessions, tokens and mails go with it. True when it was. */
export async function deleteUser(tx: Transaction, checked: CheckedPassword): Promise<boolean> {
  // Locked first: what else is under way for the account ends before, and finds it gone afterwards.
  const locked = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM users WHERE id = ${checked.id}::uuid AND password_changed_at = ${checked.passwordChangedAt}::timestamptz
    FOR UPDATE`
  if (locked.length === 0) return false
  // What the audit keeps of a deleted account is that something happened, not who or from where.
  await tx.auditEvent.updateMany({
    where: { userId: checked.id },
    data: { ipAddress: null, userAgent: null, details: {} },
  })
  await tx.user.delete({ where: { id: checked.id } })
  return true
}

export interface ImportedUser {
  email: string
  passwordHash: string
  displayName: string | null
  locale: string
  emailVerifiedAt: Date | null
}

/** Adds a user from elsewhere. False where the address is there already: it is left as it is. */
export async function importUser(db: Queryable, user: ImportedUser): Promise<boolean> {
  const { count } = await db.user.createMany({ data: [{ ...user, id: uuidv7() }], skipDuplicates: true })
  return count === 1
}
