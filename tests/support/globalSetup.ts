import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { Client } from 'pg'
import { startEmbeddedPostgres } from '../../src/dev/embeddedPostgres'
import { applyMigrations } from '../../src/store/migrations'
import { TEMPLATE, databaseUrl } from './database'
import { keepServer } from './server'

/** Safe settings are for data that somebody wants back after a power cut. */
const FAST = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '300',
  shared_buffers: '256MB',
}

/** One PostgreSQL for the whole run, with a migrated database that every test file clones. */
export default async function globalSetup(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  chmodSync(dataDir, 0o755) // for root: PostgreSQL runs as another user, and keeps the data in a folder of its own
  const logger = pino({ level: 'silent' })
  const server = await startEmbeddedPostgres({ dataDir, logger, settings: FAST })
  keepServer({ server, dataDir })
  process.env.TEST_DATABASE_URL = server.url

  const admin = new Client({ connectionString: server.url })
  await admin.connect()
  await admin.query(`CREATE DATABASE ${TEMPLATE}`)
  await applyMigrations(databaseUrl(TEMPLATE), logger)
  await admin.end()
}
