import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from './database'
import { NO_PASSWORD } from './users'

export interface NewRegistration {
  email: string
  passwordHash: string
  displayName: string | null
  locale: string
  now: Date
}

/**
 * Stores a registration, and an account without a password if the address has none. It never changes an existing account. The
 * statement is the same for a free, an unverified and a verified address, so that its time reveals nothing; it locks the
 * account, so that a link redeemed concurrently sees all registrations or precedes this one.
 */
export async function createRegistration(
  tx: Transaction,
  registration: NewRegistration,
): Promise<{ userId: string; registrationId: string }> {
  const { email, passwordHash, displayName, locale, now } = registration
  const rows = await tx.$queryRaw<{ userId: string; registrationId: string }[]>`
    WITH account AS (
      INSERT INTO users (id, email, password_hash, password_changed_at, created_at, updated_at)
      VALUES (${uuidv7()}::uuid, ${email}, ${NO_PASSWORD}, ${now}, ${now}, ${now})
      ON CONFLICT (email) DO UPDATE SET updated_at = users.updated_at
      RETURNING id
    )
    INSERT INTO registrations (id, user_id, password_hash, display_name, locale, created_at)
    SELECT ${uuidv7()}::uuid, account.id, ${passwordHash}, ${displayName}, ${locale}, ${now} FROM account
    RETURNING user_id AS "userId", id AS "registrationId"`
  const written = rows[0]
  if (!written) throw new Error('A registration that wrote no row')
  return written
}

/** The pending registrations of an account, newest first; two at most. */
export function waitingRegistrations(db: Queryable, userId: string) {
  return db.registration.findMany({
    where: { userId, activatedAt: null },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    take: 2, // one, or several: how many more does not matter
  })
}

/** Whether it is a registration of this account that is not activated; the purge keeps only the newest ones. */
export async function isWaiting(db: Queryable, registrationId: string, userId: string): Promise<boolean> {
  return (await db.registration.count({ where: { id: registrationId, userId, activatedAt: null } })) > 0
}

/** Activates one registration of a locked, unverified account: its password, name and language become the account's. */
export async function activateRegistration(tx: Transaction, registrationId: string, now: Date): Promise<void> {
  await tx.$executeRaw`
    UPDATE users SET email_verified_at = ${now}, password_hash = r.password_hash, password_changed_at = ${now},
      display_name = r.display_name, locale = r.locale, updated_at = ${now}
    FROM registrations r
    WHERE r.id = ${registrationId}::uuid AND r.user_id = users.id AND r.password_hash IS NOT NULL
      AND users.email_verified_at IS NULL`
  await tx.registration.update({ where: { id: registrationId }, data: { activatedAt: now, passwordHash: null } })
}

/** Deletes the registrations of an account but one, with their links, challenges and queued mails. */
export async function deleteOtherRegistrations(tx: Transaction, userId: string, keptId: string): Promise<void> {
  await tx.registration.deleteMany({ where: { userId, id: { not: keptId } } })
}

/** Deletes every registration of an account, with its links, challenges and queued mails. */
export async function deleteRegistrations(tx: Transaction, userId: string): Promise<void> {
  await tx.registration.deleteMany({ where: { userId } })
}
