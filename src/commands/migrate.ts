import { withDatabaseUrl } from './withDatabase'
import { applyMigrations } from '../store/migrations'

/** Applies pending migrations and prints their names. Several processes may run it at once. */
export function migrate(): Promise<number> {
  return withDatabaseUrl(async ({ directUrl, logger }) => {
    const applied = await applyMigrations(directUrl, logger)
    console.log(applied.length === 0 ? 'Nothing to do: the database is up to date.' : `Applied: ${applied.join(', ')}`)
    return 0
  })
}
