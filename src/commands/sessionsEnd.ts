import { complain, withAccount, withChange } from './changes'
import { EXIT } from './failure'
import { optionsOf } from './optionsOf'
import { endAllSessions } from '../services/endAllSessions'
import { endSessions } from '../services/endSessions'
import { countUsers } from '../store/operatedUsers'

const OPTIONS = { all: { type: 'boolean' }, confirm: { type: 'string' } } as const

/**
 * Ends the sessions of one account, or with `--all` of every account: then `--confirm` names how many accounts there are.
 * Resolves to the exit code, or to null if the options are wrong.
 */
export async function endSessionsOf(args: string[]): Promise<number | null> {
  const parsed = optionsOf(args, OPTIONS)
  if (!parsed || (parsed.word === undefined) !== (parsed.values.all ?? false)) return null
  if (parsed.word !== undefined) return withAccount(parsed.word, endSessions)
  const { confirm = '' } = parsed.values
  return withChange(async ({ deps, actor, database }) => {
    const ended = await endAllSessions(deps, actor, confirm)
    if (ended === null) {
      const users = await countUsers(database.prisma)
      return complain(`there are ${users} accounts; give --confirm ${users} to end the sessions of all`)
    }
    console.log(`Ended: ${ended} sessions`)
    return EXIT.ok
  })
}
