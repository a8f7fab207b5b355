import { createHash } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { type ClientBase, Pool, type PoolClient, type PoolConfig } from 'pg'
import { applySettings, readDatabaseUrl, socketOf } from './connection'
import { DATABASE, type DatabaseTimeouts } from '../config/defaults'
import { DatabaseOutageError, isLostStatement, markOutage } from '../errors/outage'
import { type Prisma, PrismaClient } from '../generated/prisma/client'
import { errorType, startChildSpan } from '../ops/tracing'

/** The first parameter of every store function: the client, or a transaction. */
export type Queryable = Prisma.TransactionClient
export type Transaction = Prisma.TransactionClient

/** One pool for Prisma and for plain pg, which the most frequent statements use. */
export interface Database {
  prisma: PrismaClient
  pool: Pool
  /** Runs `work` in one READ COMMITTED transaction. It must not wait for hashes or the network. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  /** Loads Prisma's compiler of queries and connects, so that the first request that needs it does not wait for that. */
  prepare(): Promise<void>
  close(): Promise<void>
}

interface DatabaseOptions {
  url: string
  poolSize: number
  /** Default: those of production. */
  timeouts?: DatabaseTimeouts
  /** Called for an idle connection that breaks; the pool replaces it. */
  onIdleError: (error: Error) => void
}

/** The pool connects at the first query, so that a server can start while its database is unavailable. */
export function openDatabase({ url, poolSize, timeouts = DATABASE, onIdleError }: DatabaseOptions): Database {
  const target = readDatabaseUrl(url, 'DATABASE_URL', timeouts)
  const pool = new CheckedPool({
    ...target.client,
    max: poolSize,
    query_timeout: timeouts.answerTimeout,
    idleTimeoutMillis: DATABASE.idleTimeout,
    onConnect: prepareSession(target.settings),
  })
  // A connection that is being closed may still report that the server stops: nothing is lost by it.
  let closing = false
  pool.on('error', (error) => {
    if (!closing) onIdleError(error)
  })
  const prisma = new PrismaClient({ adapter: adapterFor(pool, target.schema) })
  return {
    prisma,
    pool,
    transaction: (work) =>
      prisma.$transaction(work, { maxWait: timeouts.connectTimeout, timeout: timeouts.statementTimeout }),
    prepare: () => prisma.$connect(),
    close: async () => {
      closing = true
      await prisma.$disconnect()
      await pool.end()
    },
  }
}

/** pg-pool waits for the returned promise before it uses the connection. */
function prepareSession(settings: Record<string, string>): (client: ClientBase) => unknown {
  return (client) =>
    applySettings(client, settings).catch((error: unknown) => {
      socketOf(client).destroy() // pg-pool waits for the connection to end, which a server that hangs never does
      throw error
    })
}

/**
 * Prisma names the schema in each statement, plain SQL relies on search_path: both must use the same one. If the URL names
 * none, it is queried when Prisma first connects; Prisma retries after a failed attempt.
 */
function adapterFor(pool: Pool, schema: string | null): PrismaClientAdapter {
  // Named, so that each connection parses and plans a statement once, which halves its cost for the database.
  const statementNameGenerator = ({ sql }: { sql: string }) => createHash('sha256').update(sql).digest('base64url')
  const adapter = (name: string) =>
    new PrismaPg(pool, { disposeExternalPool: false, statementNameGenerator, schema: name })
  const { provider, adapterName } = adapter('')
  return { provider, adapterName, connect: async () => adapter(schema ?? (await currentSchema(pool))).connect() }
}

/** `public` if there is none: then no table is found, which readiness reports. */
async function currentSchema(pool: Pool): Promise<string> {
  const { rows } = await pool.query<{ schema: string | null }>('SELECT current_schema() AS schema')
  return rows[0]?.schema ?? 'public'
}

type PrismaClientAdapter = NonNullable<ConstructorParameters<typeof PrismaClient>[0]['adapter']>

type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  release: PoolClient['release'],
) => void

/**
 * A pool that marks errors as an outage if no connection could be opened, or if the connection broke. After a statement timed
 * out on a dead connection (failover, firewall), connections that have not answered since are replaced, so that they do not
 * each cost a request its timeout.
 */
class CheckedPool extends Pool {
  private readonly lastAnswer = new WeakMap<PoolClient, number>()
  /** A connection whose last answer is older than this (performance.now) is presumed dead. */
  private staleBefore = 0
  /** False once a pooler in transaction mode has lost a named statement: unnamed ones work there. */
  private namesStatements = true

  constructor(config: PoolConfig) {
    super(config)
    this.on('connect', (client) => this.observe(client))
  }

  override connect(): Promise<PoolClient>
  override connect(callback: ConnectCallback): void
  override connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    const client = this.connectChecked()
    if (!callback) return client
    client.then(
      (live) => callback(undefined, live, live.release.bind(live)),
      (error: unknown) => callback(error as Error, undefined, () => undefined),
    )
  }

  private async connectChecked(): Promise<PoolClient> {
    for (;;) {
      const client = await super.connect().catch((error: unknown) => {
        throw new DatabaseOutageError(error)
      })
      if ((this.lastAnswer.get(client) ?? 0) >= this.staleBefore) return client
      socketOf(client).destroy()
      client.release(true)
    }
  }

  /** Records when the connection last answered, and marks its errors as an outage. */
  private observe(client: PoolClient): void {
    this.lastAnswer.set(client, performance.now())
    // Without a listener the event would end the process; the query on the connection gets the same error.
    client.on('error', markOutage)
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    const observed = (...given: unknown[]): unknown => {
      const args = this.namesStatements ? given : given.map(withoutName)
      const sentAt = performance.now()
      const span = startStatementSpan(args[0])
      const settle = (error?: unknown) => {
        if (error !== undefined && error !== null) span?.fail(errorType(error))
        span?.end()
        if (isLostStatement(error)) this.namesStatements = false
        if (isUnanswered(error)) this.abandon(client, sentAt, error)
        else this.lastAnswer.set(client, performance.now())
      }
      const callback = args.at(-1)
      if (typeof callback === 'function') {
        const settled = (error: unknown, result: unknown) => {
          settle(error)
          ;(callback as (error: unknown, result: unknown) => void)(error, result)
        }
        return query(...args.slice(0, -1), settled)
      }
      const result = query(...args)
      if (result instanceof Promise) result.then(() => settle(), settle)
      return result
    }
    client.query = observed as typeof client.query
  }

  /** Destroys the connection, so that further statements on it, such as ROLLBACK, fail immediately and do not time out too. */
  private abandon(client: PoolClient, sentAt: number, error: unknown): void {
    markOutage(error)
    this.staleBefore = Math.max(this.staleBefore, sentAt)
    socketOf(client).destroy()
  }
}

/** A span named by what the statement does and to which table: never its text, which has constants, or its parameters. */
function startStatementSpan(statement: unknown) {
  const text = typeof statement === 'string' ? statement : (Object(statement) as { text?: unknown }).text
  if (typeof text !== 'string') return null
  const [, verb = 'SQL'] = /^\s*(\w+)/.exec(text) ?? []
  const [, table] = /\b(?:FROM|INTO|UPDATE)\s+(?:"?\w+"?\.)?"?([a-z_]+)\b(?!\()/.exec(text) ?? []
  const summary = [verb.toUpperCase(), table].filter(Boolean).join(' ')
  const attributes = { 'db.system.name': 'postgresql', 'db.query.summary': summary }
  return startChildSpan(summary, { attributes, kind: 'client' })
}

function withoutName(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null || !('name' in argument)) return argument
  return { ...argument, name: undefined }
}

/** By pg's message, since this error has no code. */
function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout'
}
