import { randomBytes } from 'node:crypto'
import { Client } from 'pg'

export const TEMPLATE = 'gatehouse_template'

export interface TestDatabase {
  url: string
  /** Ends whoever is still connected. */
  drop(): Promise<void>
}

/** A migrated database of one's own, cloned in some 20 ms. */
export function createDatabase(): Promise<TestDatabase> {
  return create(TEMPLATE)
}

/** A database without any table. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return create('template0')
}

/** The address of a database of the test server. The server's own user may create databases. */
export function databaseUrl(name: string): string {
  const server = process.env.TEST_DATABASE_URL
  if (server === undefined) throw new Error('No test server: tests/support/globalSetup.ts starts it')
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

async function create(template: string): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`
  await asAdmin(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  return { url: databaseUrl(name), drop: () => asAdmin(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}

/** One connection for one statement: nothing of it outlives a test. */
async function asAdmin(statement: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl('postgres') })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
