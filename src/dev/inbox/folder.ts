import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Config } from '../../config/config'

/** Each database has its own inbox in DATA_DIR, so that servers that share a database share its inbox. */
export function inboxFolder({ dataDir, databaseUrl }: Pick<Config, 'dataDir' | 'databaseUrl'>): string {
  if (databaseUrl === null) return join(dataDir, 'inbox')
  const { host, pathname } = new URL(databaseUrl)
  return join(
    dataDir,
    `inbox-${createHash('sha256')
      .update(host + pathname)
      .digest('hex')
      .slice(0, 12)}`,
  )
}
