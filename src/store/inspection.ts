import type { Pool, PoolClient } from 'pg'
import type { ConnectionTarget } from './connection'
import { isLostStatement } from '../errors/outage'

/** What the sessions of a pool really have, read by one statement. */
interface SessionState {
  time_zone: string
  statement_timeout: number
  schema: string | null
  standby: boolean
  read_only: boolean
  unwritable: string[]
  pid: number
}

// Tables of every release that each login or registration writes to: a right that is missing is found before a request is.
const STATE = {
  name: 'session-state',
  text: `SELECT current_setting('TimeZone') AS time_zone,
      (SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout') AS statement_timeout,
      current_schema() AS schema,
      pg_is_in_recovery() AS standby,
      current_setting('transaction_read_only')::bool AS read_only,
      ARRAY(SELECT t FROM unnest(ARRAY['users', 'sessions', 'audit_events', 'signing_keys', 'one_time_tokens']) AS t
        WHERE NOT has_table_privilege(to_regclass(quote_ident(t)), 'INSERT')) AS unwritable,
      pg_backend_pid() AS pid`,
}

/** What is wrong with the database's side of the configuration, in words that hold no value of it; null: nothing. */
export interface DatabaseInspector {
  /** Throws the driver's error where no statement can be run. */
  check(): Promise<string | null>
}

interface InspectorOptions {
  pool: Pool
  target: ConnectionTarget
  /** Whether DIRECT_DATABASE_URL leads past the pooler that DATABASE_URL leads through. */
  hasDirectUrl: boolean
}

/**
 * Checks that the pool's sessions speak UTC, have their statements bounded, mean the right schema and may write. A
 * pooler that hands each transaction another session is told from one that keeps them: once seen, it is remembered, since
 * two sessions may be the same one by chance.
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
  if (state.unwritable.length > 0) return `the role may not write to ${state.unwritable.join(', ')}`
  return null
}

/** The process that the server announced when the connection began: a pooler announces one of its own making. */
function processIdOf(client: PoolClient): unknown {
  return (client as { processID?: unknown }).processID
}

async function readState(client: Pick<PoolClient, 'query'>): Promise<SessionState> {
  const { rows } = await client.query<SessionState>(STATE)
  if (!rows[0]) throw new Error('No state of the session')
  return rows[0]
}

/**
 * While one client holds a transaction, another must still have the session that it had before, which is not the holder's:
 * otherwise sessions belong to transactions. Throws where the prepared statement is lost with the session.
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

/** In transaction mode a setting of ours stays with whichever session took it: the role must have it from the start. */
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
