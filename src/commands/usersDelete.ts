import { complain, withChange } from './changes'
import { EXIT } from './failure'
import { optionsOf } from './optionsOf'
import { canonicalEmail } from '../lib/emailAddress'
import { deleteUser } from '../services/deleteUser'

/**
 * Deletes an account; nothing brings it back, so `--yes` is required. Resolves to the exit code, or to null if the options are
 * wrong.
 */
export async function deleteUserOf(args: string[]): Promise<number | null> {
  const parsed = optionsOf(args, { yes: { type: 'boolean' } })
  if (parsed?.word === undefined) return null
  const email = canonicalEmail(parsed.word)
  if (email === null) return complain('that is no plain e-mail address')
  if (!parsed.values.yes) return complain('nothing brings a deleted account back; give --yes too')
  return withChange(async ({ deps, actor }) => {
    const id = await deleteUser(deps, actor, { email })
    if (id === null) return complain('no account has that address')
    console.log(`Deleted: ${id}`)
    return EXIT.ok
  })
}
