import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from './database'
import { keptOf } from './formerEmails'
import type { Profile } from './profiles'
import { NO_PASSWORD } from './users'
import type { Grants } from '../lib/grants'

export interface ImportedUser extends Grants {
  id: string
  email: string
  /** Null for an account without a password; its owner sets one by a reset. */
  passwordHash: string | null
  displayName: string | null
  locale: string
  emailVerifiedAt: Date | null
  /** Null for an account that may log in. */
  disabledAt: Date | null
  disabledReason: string | null
  /** Null where the user has none. */
  profile: Profile | null
  /** Null for the time of the import. */
  createdAt: Date | null
}

/**
 * Who has an address: nobody, a registration that was never verified, or an account that an import leaves as it is. `former`: it is
 * kept for an account that had it.
 */
export type Holder = 'nobody' | 'unverified' | 'verified' | 'former' | 'imported-before' | 'id-taken'

/** Who has the address or the id of each of these users, in their order. */
export async function findHolders(
  db: Queryable,
  users: readonly { id: string | null; email: string }[],
  now: Date,
): Promise<Holder[]> {
  const emails = users.map(({ email }) => email)
  const ids = users.flatMap(({ id }) => id ?? [])
  const rows = await db.$queryRaw<{ id: string; email: string; verified: boolean; imported: boolean }[]>`
    SELECT id, email, email_verified_at IS NOT NULL AS verified, imported_at IS NOT NULL AS imported FROM users
    WHERE email = ANY(${emails}::text[])
    UNION
    SELECT id, email, email_verified_at IS NOT NULL, imported_at IS NOT NULL FROM users WHERE id = ANY(${ids}::uuid[])`
  const kept = await keptOf(db, emails, now)
  const byEmail = new Map(rows.map((row) => [row.email, row]))
  const emailById = new Map(rows.map((row) => [row.id, row.email]))
  return users.map(({ id, email }) => {
    const holder = byEmail.get(email)
    if (holder?.verified) return 'verified'
    if (kept.has(email)) return 'former'
    if (holder?.imported) return 'imported-before'
    if (id !== null && (emailById.get(id) ?? email) !== email) return 'id-taken'
    return holder ? 'unverified' : 'nobody'
  })
}

/**
 * Deletes the accounts of these addresses that nobody has verified, with their registrations, links and queued mails, so that
 * registering addresses before a migration gives an attacker nothing.
 */
export async function deleteUnverified(tx: Transaction, emails: readonly string[]): Promise<void> {
  await tx.user.deleteMany({ where: { email: { in: [...emails] }, emailVerifiedAt: null, importedAt: null } })
}

/**
 * Inserts users, their profiles and their audit rows by one statement. Resolves to the ids that were written: an address or id that is not free
 * any more is left out.
 */
export async function insertImported(
  tx: Transaction,
  users: readonly ImportedUser[],
  now: Date,
): Promise<ReadonlySet<string>> {
  const rows = users.map((user) => ({
    ...user,
    passwordHash: user.passwordHash ?? NO_PASSWORD,
    createdAt: user.createdAt ?? now,
    auditId: uuidv7(),
  }))
  const written = await tx.$queryRaw<{ id: string }[]>`
    WITH given AS MATERIALIZED (
      SELECT * FROM json_to_recordset(${JSON.stringify(rows)}::json) AS given (
        id uuid, email text, "passwordHash" text, "displayName" text, locale text, "emailVerifiedAt" timestamptz,
        "disabledAt" timestamptz, "disabledReason" text, roles text[], claims jsonb, profile jsonb, "createdAt" timestamptz, "auditId" uuid)
    ), written AS (
      INSERT INTO users (id, email, password_hash, password_changed_at, display_name, locale, email_verified_at, disabled_at,
        disabled_reason, roles, claims, imported_at, created_at, updated_at)
      SELECT id, email, "passwordHash", ${now}::timestamptz, "displayName", locale, "emailVerifiedAt", "disabledAt",
        "disabledReason", roles, claims, ${now}::timestamptz, "createdAt", ${now}::timestamptz
      FROM given
      ON CONFLICT DO NOTHING
      RETURNING id
    ), profiled AS (
      INSERT INTO profiles (user_id, data, updated_at)
      SELECT id, profile, ${now}::timestamptz FROM written JOIN given USING (id) WHERE jsonb_typeof(profile) = 'object'
    )
    INSERT INTO audit_events (id, user_id, type, actor_kind, created_at)
    SELECT "auditId", written.id, 'user_imported', 'cli', ${now}::timestamptz FROM written JOIN given USING (id)
    RETURNING user_id AS id`
  return new Set(written.map(({ id }) => id))
}
