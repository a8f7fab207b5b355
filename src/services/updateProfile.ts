import type { Client, Deps, Viewer } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { InputReader } from './steps/input'
import { insertAuditEvent } from '../store/auditEvents'
import { type Account, updateProfile as update } from '../store/users'

/** Changes name and language; what is left out stays, a null or blank name clears it. Throws InvalidInputError. */
export async function updateProfile(
  { clock, database, liveSessions, logger }: Pick<Deps, 'clock' | 'database' | 'liveSessions' | 'logger'>,
  { client, viewer }: { client: Client; viewer: Viewer },
  input: { displayName?: string | null; locale?: string | null },
): Promise<Account> {
  const read = new InputReader()
  const displayName = read.displayName('displayName', input.displayName)
  const locale = read.locale('locale', input.locale, viewer.account.locale)
  read.done()

  const now = clock.now()
  const event = auditOf(client, { type: 'profile_updated', userId: viewer.account.id, now })
  const account = await database.transaction(async (tx) => {
    await insertAuditEvent(tx, event)
    const named = input.displayName === undefined ? {} : { displayName }
    return update(tx, viewer.account.id, { ...named, locale, now })
  })
  liveSessions.forget({ kind: 'user', id: account.id })
  logEvent(logger, event, client)
  return account
}
