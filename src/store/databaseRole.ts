import { openConnection, quoteIdentifier, readDatabaseUrl } from './connection'

/**
 * Gives another role of the database what a server needs of the tables, and no more: it owns nothing and writes no history of
 * migrations. Run by the owner, after each migration. Throws without such a role.
 */
export async function grantToRole(databaseUrl: string, name: string): Promise<void> {
  const target = readDatabaseUrl(databaseUrl, 'DIRECT_DATABASE_URL')
  const client = await openConnection(target, { application_name: 'gatehouse migrate' })
  try {
    const { rows } = await client.query<{ schema: string; exists: boolean }>(
      'SELECT current_schema() AS schema, EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1) AS exists',
      [name],
    )
    if (rows[0]?.exists !== true) throw new Error('The database has no role of the name in --grant-to.')
    const [schema, role] = [quoteIdentifier(rows[0].schema), quoteIdentifier(name)]
    await client.query('BEGIN')
    await client.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`)
    await client.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${role}`)
    await client.query(`GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO ${role}`)
    await client.query(`REVOKE INSERT, UPDATE, DELETE ON _prisma_migrations FROM ${role}`)
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
}
