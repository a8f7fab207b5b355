import { createHash } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { type ClientBase, Pool, type PoolClient, type PoolConfig } from 'pg'
import { applySettings, readDatabaseUrl, socketOf } from './connection'
import { DATABASE } from '../config/defaults'
import { DatabaseOutageError, isLostStatement, markOutage } from '../errors/outage'
import { type Prisma, PrismaClient } from '../generated/prisma/client'

/** What every function of the store takes first: the client, or the transaction it runs in. */
export type Queryable = Prisma.TransactionClient
export type Transaction = Prisma.TransactionClient

/** One pool for everything: Prisma for most, plain pg for the look-up that every request makes. */
export interface Database {
  prisma: PrismaClient
  pool: Pool
  /** Runs `work` in one READ COMMITTED transaction. Nothing slow belongs in it: no hash, no network. */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  close(): Promise<void>
}

interface DatabaseOptions {
  url: string
  poolSize: number
  /** An idle connection that breaks: the pool replaces it, the log tells. */
  onIdleError: (error: Error) => void
}

/** Opens nothing yet: the pool connects at the first query, so that a server starts while its database is away. */
export function openDatabase({ url, poolSize, onIdleError }: DatabaseOptions): Database {
  const target = readDatabaseUrl(url)
  const pool = new CheckedPool({
    ...target.client,
    max: poolSize,
    query_timeout: DATABASE.answerTimeout,
    idleTimeoutMillis: DATABASE.idleTimeout,
    onConnect: prepareSession(target.settings),
  })
  pool.on('error', onIdleError)
  const prisma = new PrismaClient({ adapter: adapterFor(pool, target.schema) })
  return {
    prisma,
    pool,
    transaction: (work) =>
      prisma.$transaction(work, { maxWait: DATABASE.connectTimeout, timeout: DATABASE.statementTimeout }),
    close: async () => {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}

/** pg-pool waits for what it returns before the connection is used. */
function prepareSession(settings: Record<string, string>): (client: ClientBase) => unknown {
  return (client) =>
    applySettings(client, settings).catch((error: unknown) => {
      socketOf(client).destroy() // pg-pool waits for its end, which a silent server never sends
      throw error
    })
}

/**
 * Prisma names the schema in each statement, plain SQL leaves it to search_path: both must mean the same one. Where the
 * URL names none it is asked for when Prisma first connects; Prisma tries again after an attempt that failed.
 */
function adapterFor(pool: Pool, schema: string | null): PrismaClientAdapter {
  // Named, so that each connection parses and plans a statement once: that halves what one costs the database.
  const statementNameGenerator = ({ sql }: { sql: string }) => createHash('sha256').update(sql).digest('base64url')
  const adapter = (name: string) =>
    new PrismaPg(pool, { disposeExternalPool: false, statementNameGenerator, schema: name })
  const { provider, adapterName } = adapter('')
  return { provider, adapterName, connect: async () => adapter(schema ?? (await currentSchema(pool))).connect() }
}

/** `public` where there is none: then no table is found either, and readiness says so. */
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
 * A pool that tells an outage by when it happened: no connection could be had, or the connection broke. After one
 * connection has died without a word (a failover, a firewall), those that have not answered since are replaced instead of
 * each costing a request its timeout.
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

  /** Notes when the connection last answered, and marks the errors by which it breaks. */
  private observe(client: PoolClient): void {
    this.lastAnswer.set(client, performance.now())
    // Unheard, the event would end the process; whoever uses the connection gets the same error from the query.
    client.on('error', markOutage)
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    const observed = (...given: unknown[]): unknown => {
      const args = this.namesStatements ? given : given.map(withoutName)
      const sentAt = performance.now()
      const settle = (error?: unknown) => {
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

  /** What follows on this connection, such as a ROLLBACK, fails immediately instead of waiting as long again. */
  private abandon(client: PoolClient, sentAt: number, error: unknown): void {
    markOutage(error)
    this.staleBefore = Math.max(this.staleBefore, sentAt)
    socketOf(client).destroy()
  }
}

function withoutName(argument: unknown): unknown {
  if (typeof argument !== 'object' || argument === null || !('name' in argument)) return argument
  return { ...argument, name: undefined }
}

/** pg's own words: it gives this error no code. */
function isUnanswered(error: unknown): boolean {
  return error instanceof Error && error.message === 'Query read timeout'
}
