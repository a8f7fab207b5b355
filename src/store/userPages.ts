import type { Queryable } from './database'
import { Prisma, type User } from '../generated/prisma/client'

/** Where a page begins: after this account. */
export interface PageStart {
  createdAt: Date
  id: string
}

export interface UserFilter {
  /** Plain text: no character of it is a wildcard. */
  emailPrefix?: string
  verified?: boolean
  disabled?: boolean
}

export type ListedUser = Pick<
  User,
  'id' | 'email' | 'emailVerifiedAt' | 'disabledAt' | 'displayName' | 'locale' | 'createdAt'
>

/**
 * One page of accounts, the newest first. It begins after an account rather than at an offset, so that pages neither overlap
 * nor omit an account while others register, and the last page costs as much as the first.
 */
export function listUsers(
  db: Queryable,
  { emailPrefix, verified, disabled }: UserFilter,
  { first, after }: { first: number; after: PageStart | null },
): Promise<ListedUser[]> {
  const conditions = [
    Prisma.sql`TRUE`,
    ...(emailPrefix ? [beginsWith(emailPrefix)] : []),
    ...(verified === undefined ? [] : [Prisma.sql`(email_verified_at IS NOT NULL) = ${verified}`]),
    ...(disabled === undefined ? [] : [Prisma.sql`(disabled_at IS NOT NULL) = ${disabled}`]),
    ...(after ? [Prisma.sql`(created_at, id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)`] : []),
  ]
  return db.$queryRaw<ListedUser[]>`
    SELECT id, email, email_verified_at AS "emailVerifiedAt", disabled_at AS "disabledAt", display_name AS "displayName",
      locale, created_at AS "createdAt"
    FROM users WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY created_at DESC, id DESC LIMIT ${first}`
}

/** A range of the index on bytes: no pattern, whose wildcards would have to be escaped. U+10FFFF is the last character. */
function beginsWith(prefix: string): Prisma.Sql {
  return Prisma.sql`email ~>=~ ${prefix}::text AND email ~<~ ${`${prefix}\u{10ffff}`}::text`
}
