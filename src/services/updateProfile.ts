import { isDeepStrictEqual } from 'node:util'
import type { ClientInfo, Deps, Viewer } from './deps'
import { commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { PROFILE } from '../config/defaults'
import { UnauthenticatedError } from '../errors/requestErrors'
import { findProfile, putProfile } from '../store/profiles'
import { type Account, findUser, lockUser, toAccount, updateProfile as update } from '../store/users'

/**
 * Changes display name, locale and profile. An omitted field stays; a null or blank name removes it, and so does null the
 * profile, which is replaced as a whole. If nothing changes, writes nothing. Throws InvalidInputError.
 */
export async function updateProfile(
  deps: Pick<Deps, 'clock' | 'database' | 'schemas' | 'sessionCache'>,
  { client, viewer }: { client: ClientInfo; viewer: Viewer },
  input: { displayName?: string | null; locale?: string | null; profile?: Record<string, unknown> | null },
): Promise<Account> {
  const read = new InputReader()
  const displayName = read.displayName('displayName', input.displayName)
  const locale = read.locale('locale', input.locale, viewer.account.locale)
  const profile = read.jsonObject('profile', input.profile ?? {}, {
    maxBytes: PROFILE.maxProfile,
    check: deps.schemas.profile,
  })
  read.done()

  const userId = viewer.account.id
  return commit(deps, client, async (tx, now) => {
    await lockUser(tx, userId)
    const user = await findUser(tx, userId)
    if (!user) throw new UnauthenticatedError('the account is gone')
    const changes = {
      displayName: input.displayName === undefined ? user.displayName : displayName,
      locale: input.locale == null ? user.locale : locale,
    }
    const movesProfile = input.profile !== undefined && !isDeepStrictEqual(profile, await findProfile(tx, userId))
    if (!movesProfile && changes.displayName === user.displayName && changes.locale === user.locale)
      return { result: toAccount(user), event: null, invalidate: [] }
    if (movesProfile) await putProfile(tx, userId, { profile, now })
    const result = await update(tx, userId, { ...changes, now })
    return { result, event: { type: 'profile_updated', userId }, invalidate: [{ kind: 'user', id: userId }] }
  })
}
