import type { Deps } from './deps'
import { findUser } from '../store/users'

/** The new address of an unconfirmed change; null if there is none. Shown whether or not another account has the address. */
export async function pendingEmail(
  { clock, database }: Pick<Deps, 'clock' | 'database'>,
  userId: string,
): Promise<string | null> {
  const user = await findUser(database.prisma, userId)
  if (!user?.pendingUntil || user.pendingUntil <= clock.now()) return null
  return user.pendingEmail
}
