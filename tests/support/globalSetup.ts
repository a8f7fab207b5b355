import { chmodSync, mkdtempSync } from 'node:fs'
import { Client } from 'pg'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '../../src/dev/embeddedPostgres'
import { applyMigrations } from '../../src/store/migrations'
import { TEMPLATE, databaseUrl } from './database'
import { keepServer, removeAbandonedServers, runFolderPrefix, stopKeptServer } from './server'

const logger = pino({ level: 'silent' })

/** Safe settings are for data that somebody wants back after a power cut. */
const FAST = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
}

/** One PostgreSQL for the whole run, with a migrated database that every test file clones. */
export default async function globalSetup(): Promise<void> {
  removeAbandonedServers()
  const dataDir = mkdtempSync(runFolderPrefix())
  chmodSync(dataDir, 0o755) // for root: PostgreSQL runs as another user, and keeps the data in a folder of its own
  const server = await startEmbeddedPostgres({ dataDir, logger, settings: FAST })
  keepServer({ server, dataDir })
  process.env.TEST_DATABASE_URL = server.url
  try {
    await makeTemplate()
  } catch (problem) {
    await stopKeptServer() // without a set-up there is no tear-down
    throw problem
  }
}

async function makeTemplate(): Promise<void> {
  const admin = new Client({ connectionString: databaseUrl('postgres') })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${TEMPLATE}`)
  await admin.end()
  await applyMigrations(databaseUrl(TEMPLATE), logger)
}
