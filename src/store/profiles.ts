import type { Queryable, Transaction } from './database'
import type { Prisma } from '../generated/prisma/client'

/** What a user says of themselves for the app: a JSON object. */
export type Profile = Record<string, unknown>

/** An empty object where the user has said nothing. */
export async function findProfile(db: Queryable, userId: string): Promise<Profile> {
  const found = await db.profile.findUnique({ where: { userId } })
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
