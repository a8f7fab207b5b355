import type { Transaction } from '../../store/database'
import { useUpVerificationLinks, invalidateLinks } from '../../store/oneTimeTokens'
import { deleteRegistrations, waitingRegistrations } from '../../store/registrations'
import { NO_PASSWORD, type UserRow, verifyImported, verifyWithoutPassword } from '../../store/users'

/**
 * Verifies a locked account by a proof of its mailbox that belongs to no registration. An imported account for which nobody
 * registered keeps its password; every other one is left without, since several people may have registered one, and its
 * links and registrations are deleted. Resolves to the password hash that the account then has.
 */
export async function verifyAddress(
  tx: Transaction,
  user: UserRow,
  by: { locale: string; now: Date },
): Promise<string> {
  if (user.importedAt && (await waitingRegistrations(tx, user.id)).length === 0) {
    await verifyImported(tx, user.id, by.now)
    await useUpVerificationLinks(tx, user.id, by.now)
    return user.passwordHash
  }
  await verifyWithoutPassword(tx, user, by)
  await invalidateLinks(tx, { userId: user.id, addresses: [user.email] })
  await deleteRegistrations(tx, user.id)
  return NO_PASSWORD
}
