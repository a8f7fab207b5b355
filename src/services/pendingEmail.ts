import type { Deps } from './deps'
import { readPendingEmail } from '../store/emailChanges'

/** The new address of an unconfirmed change; null if there is none. Shown whether or not another account has the address. */
export function pendingEmail(
  { clock, database }: Pick<Deps, 'clock' | 'database'>,
  userId: string,
): Promise<string | null> {
  return readPendingEmail(database.pool, userId, clock.now())
}
