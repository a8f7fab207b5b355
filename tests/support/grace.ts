import type { Pool } from 'pg'

/** As if so many milliseconds had passed by the database's clock since refresh tokens were replaced. */
export async function ageReplacements(pool: Pool, milliseconds: number): Promise<void> {
  await pool.query("UPDATE replaced_refresh_tokens SET recorded_at = recorded_at - $1 * interval '1 ms'", [
    milliseconds,
  ])
}
