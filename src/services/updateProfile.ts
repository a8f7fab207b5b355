import type { ClientInfo, Deps, Viewer } from './deps'
import { auditOf, logEvent } from './steps/audit'
import { InputReader } from './steps/input'
import { UnauthenticatedError } from '../errors/requestErrors'
import { insertAuditEvent } from '../store/auditEvents'
import { type Account, findUser, lockUser, updateProfile as update } from '../store/users'

/**
 * Changes name and language; what is left out stays, a null or blank name clears it. Where nothing changes, nothing is
 * written. Throws InvalidInputError.
 */
export async function updateProfile(
  { clock, database, sessionCache, logger }: Pick<Deps, 'clock' | 'database' | 'sessionCache' | 'logger'>,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  input: { displayName?: string | null; locale?: string | null },
): Promise<Account> {
  const read = new InputReader()
  const displayName = read.displayName('displayName', input.displayName)
  const locale = read.locale('locale', input.locale, viewer.account.locale)
  read.done()

  const now = clock.now()
  const event = auditOf(client, { type: 'profile_updated', userId: viewer.account.id, now })
  const { account, changed } = await database.transaction(async (tx) => {
    await lockUser(tx, viewer.account.id)
    const user = await findUser(tx, viewer.account.id)
    if (!user) throw new UnauthenticatedError('the account is gone')
    const profile = {
      displayName: input.displayName === undefined ? user.displayName : displayName,
      locale: input.locale == null ? user.locale : locale,
    }
    if (profile.displayName === user.displayName && profile.locale === user.locale)
      return { account: user, changed: false }
    await insertAuditEvent(tx, event)
    return { account: await update(tx, user.id, { ...profile, now }), changed: true }
  })
  if (!changed) return account
  sessionCache.invalidate({ kind: 'user', id: account.id })
  logEvent(logger, event, client)
  return account
}
