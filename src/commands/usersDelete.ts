import { EXIT } from './failure'
import { optionsOf } from './optionsOf'
import { withDatabase } from './withDatabase'
import { systemClock } from '../lib/clock'
import { canonicalEmail } from '../lib/emailAddress'
import { deleteUser } from '../services/deleteUser'

/**
 * Deletes an account; nothing brings it back, so `--yes` is required. A running instance hears of it by the database's
 * notification. Resolves to the exit code, or to null if the options are wrong.
 */
export async function deleteUserOf(args: string[]): Promise<number | null> {
  const parsed = optionsOf(args, { yes: { type: 'boolean' } })
  if (parsed?.word === undefined) return null
  const email = canonicalEmail(parsed.word)
  if (email === null) return complain('that is no plain e-mail address')
  if (!parsed.values.yes) return complain('nothing brings a deleted account back; give --yes too')
  return withDatabase(async ({ database, logger: log }) => {
    const deps = { clock: systemClock, database, sessionCache: { invalidate: () => undefined } }
    const id = await deleteUser(deps, { kind: 'cli', ipAddress: null, userAgent: null, log }, { email })
    if (id === null) return complain('no account has that address')
    console.log(`Deleted: ${id}`)
    return EXIT.ok
  })
}

function complain(problem: string): number {
  console.error(`Not done: ${problem}.`)
  return EXIT.failed
}
