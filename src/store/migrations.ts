import { createHash, randomUUID } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from 'pg'
import { type ConnectionTarget, openConnection, quoteIdentifier, readDatabaseUrl } from './connection'
import { DATABASE } from '../config/defaults'
import type { Logger } from '../ops/logger'

/** A pool or a client of pg. */
export interface MigrationDatabase {
  query(text: string): Promise<{ rows: unknown[] }>
}

interface Migration {
  name: string
  sql: string
  /** SHA-256 in hex, as Prisma writes it. */
  checksum: string
}

interface AppliedMigration {
  id: string
  migration_name: string
  checksum: string
  started_at: Date
  finished_at: Date | null
}

/** The same path from src/ and from dist/; the package ships it. */
export const MIGRATIONS_DIR = join(__dirname, '../../prisma/migrations')

/** An arbitrary number that must be the same in every release: one of several instances migrates, the others wait. */
const MIGRATION_LOCK = 7_236_510
/** undefined_table */
const NO_SUCH_TABLE = '42P01'
/** insufficient_privilege */
const NO_RIGHT = '42501'

/** Prisma's own table, so that its tools and this file read the same history. */
const HISTORY = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`

/**
 * The names of the migrations that this release has and the database lacks, oldest first. One small query: cheap enough
 * for the readiness probe. A database of a newer release lacks nothing.
 */
export async function pendingMigrations(db: MigrationDatabase, directory = MIGRATIONS_DIR): Promise<string[]> {
  const applied = await appliedMigrations(db)
  const finished = new Set(
    applied.filter((row) => row.finished_at).map((row) => `${row.migration_name} ${row.checksum}`),
  )
  const missing = readMigrations(directory).filter(({ name, checksum }) => !finished.has(`${name} ${checksum}`))
  return missing.map(({ name }) => name)
}

/**
 * Applies pending migrations and returns their names; several instances may call it at once. Each migration and its row in
 * the history commit together: if the process is killed, its transaction is rolled back and the next run continues.
 * Throws when a migration fails, was edited after it was applied, or was left unfinished by another tool.
 */
export async function applyMigrations(
  databaseUrl: string,
  logger: Logger,
  directory = MIGRATIONS_DIR,
): Promise<string[]> {
  const target = readDatabaseUrl(databaseUrl, 'DIRECT_DATABASE_URL')
  // An index of a large table takes longer than a request may.
  const settings = { ...target.settings, statement_timeout: '0' }
  const client = await openConnection({ ...target, settings }, { application_name: 'gatehouse migrate' })
  client.on('error', (problem) => logger.error({ err: problem }, 'the migrating connection broke'))
  try {
    // Locked on the connection that migrates: after a process is killed, its transaction ends before the lock is released.
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK])
    await requireSessionMode(client, target)
    const pending = await pendingMigrations(client, directory)
    if (pending.length === 0) return []

    await requireCreateRight(client)
    await client.query(HISTORY)
    const applied = await appliedMigrations(client)
    for (const migration of readMigrations(directory).filter(({ name }) => pending.includes(name))) {
      refuseUnclear(migration, applied)
      await applyOne(client, migration)
      logger.info({ migration: migration.name }, 'migration applied')
    }
    return pending
  } finally {
    await client.end()
  }
}

/** Creates the schema that the URL names. Throws if the session's time zone or schema differs from what the server uses. */
async function requireSessionMode(client: Client, { schema }: ConnectionTarget): Promise<void> {
  if (schema !== null && !(await hasSchema(client, schema))) await createSchema(client, schema)
  const { rows } = await client.query<{ zone: string; schema: string | null }>(
    `SELECT current_setting('TimeZone') AS zone, current_schema() AS schema`,
  )
  if (rows[0]?.zone !== 'UTC') throw new Error('TimeZone of the session is not UTC: a pooler changes or drops it.')
  if (rows[0].schema === null) {
    throw new Error('No schema to migrate: search_path names none that exists and that the role may use.')
  }
}

async function createSchema(client: Client, schema: string): Promise<void> {
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${quoteIdentifier(schema)}`).catch((problem: unknown) => {
    if ((problem as { code?: unknown }).code !== NO_RIGHT) throw problem
    throw new Error(
      'The schema of the URL does not exist, and the role may not create it: it needs CREATE on the database.',
    )
  })
}

async function requireCreateRight(client: Client): Promise<void> {
  const { rows } = await client.query<{ may: boolean }>(
    `SELECT has_schema_privilege(current_schema(), 'CREATE') AS may`,
  )
  if (rows[0]?.may !== true) {
    throw new Error('The role may not create tables in the schema: migrate as the owner of the schema and the tables.')
  }
}

async function hasSchema(client: Client, schema: string): Promise<boolean> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema])
  return rowCount === 1
}

/**
 * Runs a migration in one transaction. Prisma's driver adapter would split the script at each semicolon, even in function
 * bodies, and leave it half-applied if it was killed.
 */
async function applyOne(client: Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('BEGIN')
  try {
    // Limits the wait for a table in use: all later queries of that table would wait behind this one.
    await client.query(`SET LOCAL lock_timeout = ${DATABASE.statementTimeout}`)
    await client.query(sql)
    await client.query(
      `INSERT INTO _prisma_migrations (id, migration_name, checksum, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), name, checksum],
    )
    await client.query('COMMIT')
  } catch (problem) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw new Error(
      `Migration ${name} failed and was undone: ${causeOf(problem)}, which the log of PostgreSQL explains. ` +
        'Remove the cause, then run it again.',
      { cause: problem },
    )
  }
}

/** Only the error's code: PostgreSQL's message may quote values of rows. */
function causeOf(problem: unknown): string {
  const { code, name } = problem as { code?: unknown; name?: string }
  if (code === NO_RIGHT) return `SQLSTATE ${NO_RIGHT}, the role lacks a right (migrate as the owner of the tables)`
  return typeof code === 'string' ? `SQLSTATE ${code}` : (name ?? 'an unknown failure')
}

function refuseUnclear({ name, checksum }: Migration, applied: AppliedMigration[]): void {
  const row = applied.find(({ migration_name }) => migration_name === name)
  if (!row) return
  const set = (column: string) => `UPDATE _prisma_migrations SET ${column} = now() WHERE id = '${row.id}';`
  if (!row.finished_at) {
    throw new Error(
      `Migration ${name} was begun by another tool at ${row.started_at.toISOString()} and not finished. Compare the database with ` +
        `its migration.sql. If all of it is there: ${set('finished_at')} If none is, or you have undone it: ${set('rolled_back_at')} ` +
        'Then run gatehouse migrate again.',
    )
  }
  if (row.checksum !== checksum) {
    throw new Error(
      `Migration ${name} was changed after it was applied: restore its migration.sql, and put the change into a new one.`,
    )
  }
}

function readMigrations(directory: string): Migration[] {
  const names = readdirSync(directory).filter((name) => existsSync(join(directory, name, 'migration.sql')))
  return names.sort().map((name) => {
    const sql = readFileSync(join(directory, name, 'migration.sql'), 'utf8')
    return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
  })
}

async function appliedMigrations(db: MigrationDatabase): Promise<AppliedMigration[]> {
  return rowsIfThere<AppliedMigration>(
    db,
    `SELECT id, migration_name, checksum, started_at, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  )
}

async function rowsIfThere<Row>(db: MigrationDatabase, query: string): Promise<Row[]> {
  try {
    return (await db.query(query)).rows as Row[]
  } catch (problem) {
    if ((problem as { code?: unknown }).code === NO_SUCH_TABLE) return []
    throw problem
  }
}
