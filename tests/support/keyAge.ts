import { loadSigningKeys } from '../../src/services/signingKeys'
import type { TestApp } from './app'

/** As if so many milliseconds had passed, by the database's clock and by those of the instances, since keys were made. */
export async function ageKeys(milliseconds: number, ...apps: TestApp[]): Promise<void> {
  for (const clock of new Set(apps.map((app) => app.clock))) clock.pass(milliseconds)
  const [app] = apps
  await app?.app.deps.database.pool.query(
    `UPDATE signing_keys SET signs_from = signs_from - $1 * interval '1 ms', verifies_until = verifies_until - $1 * interval '1 ms'`,
    [milliseconds],
  )
  for (const { app } of apps) await loadSigningKeys(app.deps)
}
