import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { type TestDatabase, createDatabase } from '../support/database'
import { declaredStructure, storedStructure } from '../support/prismaSchema'

const schema = readFileSync(join(__dirname, '../../prisma/schema.prisma'), 'utf8')

let database: TestDatabase
let client: Client
beforeAll(async () => {
  database = await createDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
})
afterAll(async () => {
  await client.end()
  await database.drop()
})

test('prisma/schema.prisma declares what the migrations make: columns, indexes and foreign keys', async () => {
  expect(declaredStructure(schema)).toEqual(await storedStructure(client))
})

test.each([
  ['a column', 'ALTER TABLE users ADD COLUMN extra text'],
  ['a type', 'ALTER TABLE mails ALTER COLUMN attempts TYPE bigint'],
  ['a column that may be null', 'ALTER TABLE users ALTER COLUMN locale DROP NOT NULL'],
  ['a missing default', 'ALTER TABLE users ALTER COLUMN created_at DROP DEFAULT'],
  ['an index', 'CREATE INDEX ON sessions (created_at)'],
  ['a missing index', 'DROP INDEX users_email_key'],
  ['a missing foreign key', 'ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey'],
  ['a table', 'CREATE TABLE extra (id integer)'],
])('%s that stands in the database alone is a difference', async (_what, change) => {
  await client.query('BEGIN')
  await client.query(change)
  expect(await storedStructure(client)).not.toEqual(declaredStructure(schema))
  await client.query('ROLLBACK')
})
