import type { Pool, PoolClient } from 'pg'
import type { ConnectionTarget } from './connection'
import { TABLES } from './tables'
import { isLostStatement } from '../errors/outage'

/** The actual state of a pool's session, read by one statement. */
interface SessionState {
  time_zone: string
  statement_timeout: number
  schema: string | null
  standby: boolean
  read_only: boolean
  /** As in `DELETE on mails, sessions`. */
  lacking: string[]
  pid: number
}

// A table that is not there yet is a pending migration, and no right that is missing.
const STATE = {
  name: 'session-state',
  text: `SELECT current_setting('TimeZone') AS time_zone,
      (SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout') AS statement_timeout,
      current_schema() AS schema,
      pg_is_in_recovery() AS standby,
      current_setting('transaction_read_only')::bool AS read_only,
      ARRAY(SELECT lacked || ' on ' ||
          CASE WHEN count(*) = cardinality($1) THEN 'every table' ELSE string_agg(name, ', ' ORDER BY place) END
        FROM unnest($1::text[]) WITH ORDINALITY AS t (name, place),
          unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS lacked
        WHERE NOT has_table_privilege(to_regclass(quote_ident(name)), lacked)
        GROUP BY lacked ORDER BY lacked) AS lacking,
      pg_backend_pid() AS pid`,
  values: [TABLES],
}

/** Checks the configuration of the database and of a pooler before it. */
export interface DatabaseInspector {
  /** The problem, without any value of the configuration; null if there is none. Throws the driver's error if no statement can run. */
  check(): Promise<string | null>
}

interface InspectorOptions {
  pool: Pool
  target: ConnectionTarget
  /** Whether DIRECT_DATABASE_URL differs from DATABASE_URL, and so bypasses its pooler. */
  hasDirectUrl: boolean
}

/**
 * Checks that the pool's sessions use UTC, a statement timeout and the right schema, and may write. Also detects a pooler in
 * transaction mode, and remembers it: two transactions may get the same session by chance, so that a later check would not
 * detect it.
 */
export function createInspector({ pool, target, hasDirectUrl }: InspectorOptions): DatabaseInspector {
  let transactionPooler = false
  return {
    async check() {
      const client = await pool.connect()
      try {
        const state = await readState(client)
        const problem = sessionProblem(state, target)
        if (problem !== null || state.pid === processIdOf(client)) return problem
        transactionPooler ||= await isTransactionPooler(pool, client, state.pid)
        if (!transactionPooler) return null
        return hasDirectUrl ? await roleProblem(client, target) : NEEDS_DIRECT_URL
      } catch (error) {
        if (!isLostStatement(error)) throw error
        transactionPooler = true
        return hasDirectUrl ? STATEMENT_LOST : NEEDS_DIRECT_URL
      } finally {
        client.release()
      }
    },
  }
}

const NEEDS_DIRECT_URL =
  'DATABASE_URL leads through a pooler in transaction mode: set DIRECT_DATABASE_URL past it, or use session mode'
const STATEMENT_LOST = 'the pooler of DATABASE_URL loses prepared statements: from now on they have no names'

export function sessionProblem(state: Omit<SessionState, 'pid'>, { schema }: ConnectionTarget): string | null {
  if (state.time_zone !== 'UTC') return 'TimeZone of the sessions is not UTC: a pooler changes or drops it'
  if (state.statement_timeout === 0) return 'statement_timeout of the sessions is not set: a pooler drops it'
  if (state.standby) return 'the database is a read-only standby'
  if (state.read_only) return 'the database takes no writes (transaction_read_only)'
  if (state.schema === null) return 'no schema: search_path names none that exists and that the role may use'
  if (schema !== null && state.schema !== schema) return "search_path does not begin with the URL's schema"
  if (state.lacking.length > 0)
    return `the role lacks ${state.lacking.join('; ')}: \`gatehouse migrate --grant-to ROLE\` by the owner gives it`
  return null
}

/** The process id that the server sent when the connection was opened; a pooler sends an invented one. */
function processIdOf(client: PoolClient): unknown {
  return (client as { processID?: unknown }).processID
}

async function readState(client: Pick<PoolClient, 'query'>): Promise<SessionState> {
  const { rows } = await client.query<SessionState>(STATE)
  if (!rows[0]) throw new Error('No state of the session')
  return rows[0]
}

/**
 * While `holder` has an open transaction, `client` must still have its earlier session, and not that of `holder`: otherwise
 * the pooler assigns sessions per transaction. Throws if the prepared statement was lost with the session.
 */
async function isTransactionPooler(pool: Pool, client: PoolClient, pid: number): Promise<boolean> {
  const holder = await pool.connect()
  try {
    await holder.query('BEGIN')
    const { rows } = await holder.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    const { pid: again } = await readState(client)
    return rows[0]?.pid === pid || again !== pid
  } finally {
    await holder.query('ROLLBACK').catch(() => undefined)
    holder.release()
  }
}

/** In transaction mode our settings apply only to the session that happened to run them, so the role must have them as defaults. */
async function roleProblem(client: PoolClient, { schema }: ConnectionTarget): Promise<string | null> {
  const { rows } = await client.query<{ name: string; reset_val: string }>(
    `SELECT name, reset_val FROM pg_settings WHERE name IN ('statement_timeout', 'search_path')`,
  )
  const defaults = new Map(rows.map(({ name, reset_val }) => [name, reset_val]))
  if (defaults.get('statement_timeout') === '0') {
    return 'behind a pooler in transaction mode the role needs statement_timeout: ALTER ROLE … SET statement_timeout'
  }
  const first = defaults
    .get('search_path')
    ?.split(',')[0]
    ?.trim()
    .replace(/^"(.*)"$/, '$1')
  if (schema !== null && first !== schema) {
    return 'behind a pooler in transaction mode the role needs the schema: ALTER ROLE … SET search_path'
  }
  return null
}
