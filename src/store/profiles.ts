import type { Pool } from 'pg'
import type { Transaction } from './database'
import type { Prisma } from '../generated/prisma/client'

/** What a user says of themselves for the app: a JSON object. */
export type Profile = Record<string, unknown>

// Plain pg and a named statement, since `me` by REST reads it with each request.
const READ_PROFILE = { name: 'profile', text: 'SELECT data FROM profiles WHERE user_id = $1' }

/** An empty object where the user has said nothing. */
export async function readProfile(pool: Pool, userId: string): Promise<Profile> {
  const { rows } = await pool.query<{ data: Profile }>({ ...READ_PROFILE, values: [userId] })
  return rows[0]?.data ?? {}
}

/** The same within a transaction. */
export async function findProfile(tx: Transaction, userId: string): Promise<Profile> {
  const found = await tx.profile.findUnique({ where: { userId } })
  return (found?.data ?? {}) as Profile
}

/** Replaces a profile. Call with the account locked. */
export async function putProfile(
  tx: Transaction,
  userId: string,
  { profile, now }: { profile: Profile; now: Date },
): Promise<void> {
  const written = { data: profile as Prisma.InputJsonObject, updatedAt: now }
  await tx.profile.upsert({ where: { userId }, create: { userId, ...written }, update: written })
}
