import type { ClientInfo, Deps, Viewer } from './deps'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { UnauthenticatedError } from '../errors/requestErrors'
import { type Account, findUser, lockUser, toAccount, updateProfile as update } from '../store/users'

/**
 * Changes display name and locale. An omitted field stays; a null or blank name removes it. If nothing changes, writes
 * nothing. Throws InvalidInputError.
 */
export async function updateProfile(
  deps: Pick<Deps, 'clock' | 'database' | 'sessionCache'>,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  input: { displayName?: string | null; locale?: string | null },
): Promise<Account> {
  const read = new InputReader()
  const displayName = read.displayName('displayName', input.displayName)
  const locale = read.locale('locale', input.locale, viewer.account.locale)
  read.done()

  const userId = viewer.account.id
  return commit(deps, client, async (tx, now) => {
    await lockUser(tx, userId)
    const user = await findUser(tx, userId)
    if (!user) throw new UnauthenticatedError('the account is gone')
    const profile = {
      displayName: input.displayName === undefined ? user.displayName : displayName,
      locale: input.locale == null ? user.locale : locale,
    }
    if (profile.displayName === user.displayName && profile.locale === user.locale)
      return { result: toAccount(user), event: null, invalidate: [] }
    const result = await update(tx, userId, { ...profile, now })
    return { result, event: { type: 'profile_updated', userId }, invalidate: [{ kind: 'user', id: userId }] }
  })
}
