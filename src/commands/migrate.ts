import { EXIT } from './failure'
import { optionsOf } from './optionsOf'
import { withDatabaseUrl } from './withDatabase'
import { grantToRole } from '../store/databaseRole'
import { applyMigrations } from '../store/migrations'

/**
 * Applies pending migrations and prints their names; with `--grant-to` it then gives that role what a server needs. Several
 * processes may run it at once. Resolves to null if the options are wrong.
 */
export async function migrate(args: string[]): Promise<number | null> {
  const options = optionsOf(args, { 'grant-to': { type: 'string' } })
  if (options === null || options.word !== undefined) return null
  const role = options.values['grant-to']
  return withDatabaseUrl(async ({ directUrl, logger }) => {
    const applied = await applyMigrations(directUrl, logger)
    console.log(applied.length === 0 ? 'Nothing to do: the database is up to date.' : `Applied: ${applied.join(', ')}`)
    if (role !== undefined) await grantToRole(directUrl, role)
    return EXIT.ok
  })
}
