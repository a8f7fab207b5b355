import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from './database'
import { type GuessLimit, countFailure } from './loginFailures'
import { Prisma, type User } from '../generated/prisma/client'

/** Stored instead of a hash if an account has no password. No password matches it, and a comparison takes as long as with a hash. */
export const NO_PASSWORD = '!'

/** An account outside the store. `passwordHash?: never` makes the compiler reject a row of the table in its place. */
export interface Account {
  passwordHash?: never
  id: string
  email: string
  emailVerifiedAt: Date | null
  displayName: string | null
  locale: string
  createdAt: Date
}

/** A row of the table. */
export type UserRow = User

type LoginUser = Pick<
  User,
  | 'id'
  | 'email'
  | 'passwordHash'
  | 'passwordChangedAt'
  | 'emailVerifiedAt'
  | 'disabledAt'
  | 'displayName'
  | 'locale'
  | 'createdAt'
>

export function toAccount(row: Omit<Account, 'passwordHash'>): Account {
  const { id, email, emailVerifiedAt, displayName, locale, createdAt } = row
  return { id, email, emailVerifiedAt, displayName, locale, createdAt }
}

export function findUserByEmail(db: Queryable, email: string) {
  return db.user.findUnique({ where: { email } })
}

/** An attempt to log in, as login failures count it. */
export interface Attempt {
  email: string
  /** Under which the failures of the address are counted. */
  failureKey: Uint8Array<ArrayBuffer>
  limit: GuessLimit
}

/**
 * Counts an attempt to log in as failed, false if the address has reached the limit, and finds what it compares with: the
 * account of the address, and the hash of its newest pending registration, whether or not the account is verified. One
 * statement, since every login runs it.
 */
export async function findLogin(
  db: Queryable,
  { email, failureKey, limit }: Attempt,
): Promise<{ user: LoginUser | null; waitingHash: string | null; isCounted: boolean }> {
  const rows = await db.$queryRaw<(Nullable<LoginUser> & { waitingHash: string | null; isCounted: boolean })[]>`
    WITH ${countFailure(failureKey, limit)}
    SELECT EXISTS (SELECT FROM counted) AS "isCounted", id, email, password_hash AS "passwordHash",
      password_changed_at AS "passwordChangedAt", email_verified_at AS "emailVerifiedAt", disabled_at AS "disabledAt",
      display_name AS "displayName", locale, created_at AS "createdAt", (
        SELECT r.password_hash FROM registrations r WHERE r.user_id = users.id AND r.activated_at IS NULL
        ORDER BY r.created_at DESC, r.id DESC LIMIT 1
      ) AS "waitingHash"
    FROM (SELECT) AS attempt LEFT JOIN users ON email = ${email}`
  const [found] = rows
  if (!found) throw new Error('A row is always there')
  const { waitingHash, isCounted, ...user } = found
  return { user: isFound(user) ? user : null, waitingHash, isCounted }
}

type Nullable<Row> = { [Column in keyof Row]: Row[Column] | null }

function isFound(user: Nullable<LoginUser>): user is LoginUser {
  return user.id !== null
}

export function findUser(db: Queryable, id: string) {
  return db.user.findUnique({ where: { id } })
}

/** Identifies the password that was checked: whatever depends on the check requires that it has not changed since. */
export interface PasswordVersion {
  id: string
  passwordChangedAt: Date
}

/** Locks the account until the transaction ends. False if, since the check, its password changed or it was disabled or deleted. */
export async function lockIfPasswordUnchanged(tx: Transaction, checked: PasswordVersion): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`${lockUnchanged(checked)}`
  return rows.length === 1
}

/** The same for a login, which also resets the count of failed ones. */
export async function lockForLogin(
  tx: Transaction,
  checked: PasswordVersion,
  failureKey: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const rows = await tx.$queryRaw<unknown[]>`
    WITH unchanged AS MATERIALIZED (${lockUnchanged(checked)}), reset AS (
      DELETE FROM login_failures WHERE address_hash = ${failureKey} AND EXISTS (SELECT FROM unchanged)
    )
    SELECT 1 FROM unchanged`
  return rows.length === 1
}

function lockUnchanged({ id, passwordChangedAt }: PasswordVersion): Prisma.Sql {
  return Prisma.sql`
    SELECT 1 FROM users
    WHERE id = ${id}::uuid AND password_changed_at = ${passwordChangedAt}::timestamptz AND disabled_at IS NULL
    FOR NO KEY UPDATE`
}

/**
 * Locks the account until the transaction ends. Transactions that write several of its rows call this first, so that they
 * cannot deadlock. Null if it was deleted.
 */
export async function lockUser(
  tx: Transaction,
  id: string,
): Promise<{ email: string; emailVerifiedAt: Date | null } | null> {
  const rows = await tx.$queryRaw<{ email: string; emailVerifiedAt: Date | null }[]>`
    SELECT email, email_verified_at AS "emailVerifiedAt" FROM users WHERE id = ${id}::uuid FOR NO KEY UPDATE`
  return rows[0] ?? null
}

/** What names an account. */
export type AccountKey = { id: string } | { email: string }

/** An account, locked until the transaction ends; null if there is none. */
export async function lockAccount(tx: Transaction, key: AccountKey): Promise<User | null> {
  const found = await tx.user.findUnique({ where: key })
  if (!found || !(await lockUser(tx, found.id))) return null
  return tx.user.findFirst({ where: { id: found.id, ...key } }) // read again: it may have changed before the lock
}

/** The locked account of an address that its owner has proved: a new one without a password, unless it was created meanwhile. */
export async function createVerifiedUser(
  tx: Transaction,
  { email, locale, now }: { email: string; locale: string; now: Date },
): Promise<User | null> {
  const times = { emailVerifiedAt: now, passwordChangedAt: now, createdAt: now, updatedAt: now }
  const row = { id: uuidv7(), email, locale, passwordHash: NO_PASSWORD, ...times }
  await tx.user.createMany({ data: [row], skipDuplicates: true })
  return lockAccount(tx, { email })
}

/** Verifies the address of a locked, imported account, which keeps its password, name and language. */
export async function verifyImported(tx: Transaction, id: string, now: Date): Promise<void> {
  await tx.user.update({ where: { id }, data: { emailVerifiedAt: now, updatedAt: now } })
}

/**
 * Verifies the address of a locked account and leaves it without a password: several people may have registered one, and the
 * link proves access to the mailbox, not whose password it is. Sets the locale of the client, unless imported.
 */
export async function verifyWithoutPassword(
  tx: Transaction,
  account: User,
  { locale, now }: { locale: string; now: Date },
): Promise<void> {
  await tx.user.update({
    where: { id: account.id },
    data: {
      ...{ emailVerifiedAt: now, passwordHash: NO_PASSWORD, passwordChangedAt: now, updatedAt: now },
      ...(account.importedAt === null && { locale }),
    },
  })
}

/** Sets a new password hash. False if, since the check, the password changed or the account was disabled or deleted. */
export async function changePasswordHash(
  tx: Transaction,
  checked: PasswordVersion,
  change: { passwordHash: string; now: Date },
): Promise<boolean> {
  const { count } = await tx.user.updateMany({
    where: { id: checked.id, passwordChangedAt: checked.passwordChangedAt, disabledAt: null },
    data: { passwordHash: change.passwordHash, passwordChangedAt: change.now, updatedAt: change.now },
  })
  return count === 1
}

/** Stores a hash of the same password by the configured algorithm and cost, unless the password changed meanwhile. */
export async function upgradePasswordHash(
  tx: Transaction,
  checked: PasswordVersion,
  passwordHash: string,
): Promise<void> {
  await tx.user.updateMany({
    where: { id: checked.id, passwordChangedAt: checked.passwordChangedAt },
    data: { passwordHash },
  })
}

/**
 * Sets the password of a reset. The mailed link proves the address, so this verifies it, and deletes every registration of it
 * with its links. An account that was never verified or imported gets the client's locale.
 */
export async function resetPassword(
  tx: Transaction,
  userId: string,
  change: { passwordHash: string; locale: string; now: Date },
): Promise<void> {
  const { passwordHash, locale, now } = change
  await tx.$executeRaw`
    UPDATE users SET password_hash = ${passwordHash}, password_changed_at = ${now}, updated_at = ${now},
      email_verified_at = coalesce(email_verified_at, ${now}),
      locale = CASE WHEN email_verified_at IS NULL AND imported_at IS NULL THEN ${locale} ELSE locale END
    WHERE id = ${userId}::uuid`
  await tx.registration.deleteMany({ where: { userId } })
}

export async function updateProfile(
  db: Queryable,
  id: string,
  profile: { displayName: string | null; locale: string; now: Date },
): Promise<Account> {
  const { now, ...changes } = profile
  return toAccount(await db.user.update({ where: { id }, data: { ...changes, updatedAt: now } }))
}

/** Deletes an account with its sessions, tokens and mails. False if its password changed or it was deleted since the check. */
export async function deleteUser(tx: Transaction, checked: PasswordVersion): Promise<boolean> {
  // Locked first, so that concurrent transactions of the account end before, or find it deleted.
  const locked = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM users WHERE id = ${checked.id}::uuid AND password_changed_at = ${checked.passwordChangedAt}::timestamptz
    FOR UPDATE`
  if (locked.length === 0) return false
  // Audit rows of a deleted account keep type and time only.
  await tx.auditEvent.updateMany({
    where: { userId: checked.id },
    data: { ipAddress: null, userAgent: null, requestId: null, details: {} },
  })
  await tx.user.delete({ where: { id: checked.id } })
  return true
}
