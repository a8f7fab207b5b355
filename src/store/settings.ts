import type { Pool } from 'pg'

/** What must stay the same for the life of the database. */
export type SettingName = 'passkey_rp_id'

/** By plain SQL, as every start asks. */
export async function findSetting(pool: Pool, name: SettingName): Promise<string | null> {
  const { rows } = await pool.query<{ value: string }>('SELECT value FROM settings WHERE name = $1', [name])
  return rows[0]?.value ?? null
}

/** Stores a setting at its first use, and returns the stored value: the first one stays. */
export async function fixSetting(pool: Pool, name: SettingName, value: string): Promise<string> {
  await pool.query('INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING', [name, value])
  return (await findSetting(pool, name)) ?? value
}
