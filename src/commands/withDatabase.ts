import { type Config, readEnvironment, resolveConfig } from '../config/config'
import type { Variable } from '../config/env'
import { startDevelopmentDatabase } from '../development'
import { type Logger, createLogger } from '../ops/logger'
import { readDatabaseUrl } from '../store/connection'
import { type Database, openDatabase } from '../store/database'

interface Tools {
  url: string
  /** For migrations: DIRECT_DATABASE_URL, which bypasses a pooler, or else DATABASE_URL. */
  directUrl: string
  config: Config
  logger: Logger
}

const DATABASE_VARIABLES = ['NODE_ENV', 'DATABASE_URL', 'DIRECT_DATABASE_URL', 'DATA_DIR'] as const

/**
 * Runs a command against the configured database, or the embedded one, which it starts and stops. Validates only the
 * variables of the database and those in `uses`.
 */
export async function withDatabaseUrl<T>(
  work: (tools: Tools) => Promise<T>,
  uses: readonly Variable[] = [],
): Promise<T> {
  const config = resolveConfig(readEnvironment(undefined, [...DATABASE_VARIABLES, ...uses]))
  const logger = createLogger({ level: 'warn', pretty: false })
  if (config.databaseUrl !== null) {
    readDatabaseUrl(config.databaseUrl) // a mistake is reported by the variable that has it
    return work({ url: config.databaseUrl, directUrl: config.directDatabaseUrl ?? config.databaseUrl, config, logger })
  }
  const postgres = await startDevelopmentDatabase(config, logger)
  try {
    return await work({ url: postgres.url, directUrl: postgres.url, config, logger })
  } finally {
    await postgres.stop()
  }
}

/** The same, with a client of the database. */
export function withDatabase<T>(
  work: (tools: Tools & { database: Database }) => Promise<T>,
  uses: readonly Variable[] = [],
): Promise<T> {
  return withDatabaseUrl(async (tools) => {
    const database = openDatabase({ url: tools.url, poolSize: 2, onIdleError: () => undefined })
    try {
      return await work({ ...tools, database })
    } finally {
      await database.close()
    }
  }, uses)
}
