import type { Pool } from 'pg'

/** Every row of every table of every schema as text, as somebody who steals a dump would read it. */
export async function dumpTables(pool: Pool): Promise<string> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
     WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
  )
  const dumps = tables.map(async ({ name }) => {
    const { rows } = await pool.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`)
    return rows.map(({ row }) => `${name} ${row}`)
  })
  return (await Promise.all(dumps)).flat().join('\n')
}
