import type { Pool } from 'pg'

/** What a database server and the role at it are, as far as an operator should know. */
export interface ServerFacts {
  /** As in 150004. */
  version: number
  superuser: boolean
  /** Whether the role owns the tables, and so may change or drop them. */
  owner: boolean
  encrypted: boolean
  max_connections: number
  now: Date
}

export async function readServerFacts(pool: Pool): Promise<ServerFacts> {
  const { rows } = await pool.query<ServerFacts>(
    `SELECT current_setting('server_version_num')::int AS version,
       current_setting('is_superuser')::bool AS superuser,
       EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('users') AND pg_has_role(relowner, 'USAGE')) AS owner,
       coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS encrypted,
       current_setting('max_connections')::int AS max_connections,
       clock_timestamp() AS now`,
  )
  if (!rows[0]) throw new Error('The server said nothing of itself')
  return rows[0]
}
