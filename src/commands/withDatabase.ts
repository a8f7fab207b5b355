import { type Config, readEnvironment, resolveConfig } from '../config/config'
import { startEmbeddedPostgres } from '../dev/embeddedPostgres'
import { type Logger, createLogger } from '../ops/logger'
import { type Database, openDatabase } from '../store/database'

interface Tools {
  url: string
  config: Config
  logger: Logger
}

/** Runs a command against the configured database, or the embedded one, which it starts and stops if need be. */
export async function withDatabaseUrl<T>(work: (tools: Tools) => Promise<T>): Promise<T> {
  const config = resolveConfig(readEnvironment())
  const logger = createLogger({ level: 'warn', pretty: false })
  if (config.databaseUrl !== null) return work({ url: config.databaseUrl, config, logger })
  const postgres = await startEmbeddedPostgres({ dataDir: config.dataDir, logger })
  try {
    return await work({ url: postgres.url, config, logger })
  } finally {
    await postgres.stop()
  }
}

/** The same, with a client of the database. */
export function withDatabase<T>(work: (tools: Tools & { database: Database }) => Promise<T>): Promise<T> {
  return withDatabaseUrl(async (tools) => {
    const database = openDatabase({ url: tools.url, poolSize: 2, onIdleError: () => undefined })
    try {
      return await work({ ...tools, database })
    } finally {
      await database.close()
    }
  })
}
