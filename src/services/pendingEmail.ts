import type { Deps } from './deps'
import { findUser } from '../store/users'

/** The new address of a change that waits to be confirmed; null where none does. The same for a taken address and a free one. */
export async function pendingEmail(
  { clock, database }: Pick<Deps, 'clock' | 'database'>,
  userId: string,
): Promise<string | null> {
  const user = await findUser(database.prisma, userId)
  if (!user?.pendingUntil || user.pendingUntil <= clock.now()) return null
  return user.pendingEmail
}
