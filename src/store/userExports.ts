import type { Pool } from 'pg'
import type { ImportedUser } from './userImports'

/** An account as `users import` takes it. */
export type ExportedUser = ImportedUser & { passwordHash: string; createdAt: Date }

/** A registration that was never verified is no account yet: it has neither of the two times. */
const PAGE = `
  SELECT id, email, password_hash AS "passwordHash", display_name AS "displayName", locale,
    email_verified_at AS "emailVerifiedAt", disabled_at AS "disabledAt", disabled_reason AS "disabledReason", roles, claims,
    profiles.data AS profile, created_at AS "createdAt"
  FROM users LEFT JOIN profiles ON profiles.user_id = users.id
  WHERE (email_verified_at IS NOT NULL OR imported_at IS NOT NULL) AND ($1::uuid IS NULL OR id > $1)
  ORDER BY id LIMIT $2`

/**
 * Every account in pages of that size. All pages show the database of one moment, so that an address that moves from one account
 * to another meanwhile is in the file once.
 */
export async function* readAllUsers(pool: Pool, pageSize: number): AsyncGenerator<ExportedUser[]> {
  const client = await pool.connect()
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    let after: string | null = null
    for (;;) {
      const page: ExportedUser[] = (await client.query<ExportedUser>(PAGE, [after, pageSize])).rows
      after = page.at(-1)?.id ?? null
      if (page.length > 0) yield page
      if (page.length < pageSize) return
    }
  } finally {
    client.release(true) // closes it: a command needs it no more, and there is nothing to commit
  }
}
