import { createHash } from 'node:crypto'
import { PrismaPg } from '@prisma/adapter-pg'
import { Pool } from 'pg'
import { DATABASE } from '../config/defaults'
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
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: DATABASE.connectTimeout,
    statement_timeout: DATABASE.statementTimeout,
    query_timeout: DATABASE.statementTimeout + 500,
    keepAlive: true,
    keepAliveInitialDelayMillis: DATABASE.keepAliveDelay,
    idleTimeoutMillis: DATABASE.idleTimeout,
    // The adapter strips offsets from timestamps and calls them UTC: the session must speak UTC.
    options: '-c TimeZone=UTC',
    application_name: 'gatehouse',
  })
  pool.on('error', onIdleError)
  // One that breaks in use tells its holder by the query that fails: the event of it, unheard, would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined))
  // Named, so that each connection parses and plans a statement once: that halves what one costs the database.
  const statementNameGenerator = ({ sql }: { sql: string }) => createHash('sha256').update(sql).digest('base64url')
  const adapter = new PrismaPg(pool, { disposeExternalPool: false, statementNameGenerator })
  const prisma = new PrismaClient({ adapter })
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
