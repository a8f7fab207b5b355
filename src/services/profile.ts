import type { Deps } from './deps'
import { type Profile, readProfile } from '../store/profiles'

/** What a user has said of themselves for the app, by `updateProfile`; an empty object at first. */
export function profile({ database }: Pick<Deps, 'database'>, userId: string): Promise<Profile> {
  return readProfile(database.pool, userId)
}
