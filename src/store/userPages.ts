import type { Queryable } from './database'
import { Prisma, type User } from '../generated/prisma/client'
import type { PageStart } from '../lib/pageCursor'

export interface UserFilter {
  /** Plain text, like `emailContains`: no character of it is a wildcard. */
  emailPrefix?: string
  /** Reads every account, unless the database has an index of trigrams. */
  emailContains?: string
  verified?: boolean
  disabled?: boolean
  role?: string
  hasSecondFactor?: boolean
  createdAfter?: Date
  createdBefore?: Date
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
  filter: UserFilter,
  { first, after }: { first: number; after: PageStart | null },
): Promise<ListedUser[]> {
  const conditions = [Prisma.sql`TRUE`, ...conditionsOf(filter)]
  if (after) conditions.push(Prisma.sql`(created_at, id) < (${after.createdAt}::timestamptz, ${after.id}::uuid)`)
  return db.$queryRaw<ListedUser[]>`
    SELECT id, email, email_verified_at AS "emailVerifiedAt", disabled_at AS "disabledAt", display_name AS "displayName",
      locale, created_at AS "createdAt"
    FROM users WHERE ${Prisma.join(conditions, ' AND ')}
    ORDER BY created_at DESC, id DESC LIMIT ${first}`
}

/** One condition for each field of the filter that is set. */
function conditionsOf(filter: UserFilter): Prisma.Sql[] {
  const { emailPrefix, emailContains, verified, disabled, role, hasSecondFactor, createdAfter, createdBefore } = filter
  return [
    emailPrefix ? beginsWith(emailPrefix) : [],
    emailContains ? Prisma.sql`email LIKE ${`%${emailContains.replace(/[\\%_]/g, '\\$&')}%`}` : [],
    verified === undefined ? [] : Prisma.sql`(email_verified_at IS NOT NULL) = ${verified}`,
    disabled === undefined ? [] : Prisma.sql`(disabled_at IS NOT NULL) = ${disabled}`,
    role === undefined ? [] : Prisma.sql`roles @> ARRAY[${role}]::text[]`,
    hasSecondFactor === undefined ? [] : Prisma.sql`${HAS_SECOND_FACTOR} = ${hasSecondFactor}`,
    createdAfter === undefined ? [] : Prisma.sql`created_at > ${createdAfter}::timestamptz`,
    createdBefore === undefined ? [] : Prisma.sql`created_at < ${createdBefore}::timestamptz`,
  ].flat()
}

const HAS_SECOND_FACTOR = Prisma.sql`(
  EXISTS (SELECT 1 FROM totp_factors f WHERE f.user_id = users.id AND f.confirmed_at IS NOT NULL)
  OR EXISTS (SELECT 1 FROM passkeys p WHERE p.user_id = users.id))`

/** A range of the index on bytes: no pattern, whose wildcards would have to be escaped. U+10FFFF is the last character. */
function beginsWith(prefix: string): Prisma.Sql {
  return Prisma.sql`email ~>=~ ${prefix}::text AND email ~<~ ${`${prefix}\u{10ffff}`}::text`
}
