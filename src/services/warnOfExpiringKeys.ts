import type { Deps } from './deps'
import { SERVICE_KEY } from '../config/operatorDefaults'
import { later } from '../lib/clock'
import { listExpiringServiceKeys } from '../store/serviceKeys'

/** Warns in the log of each service key that expires within SERVICE_KEY.warnDays: the service that uses it would stop. */
export async function warnOfExpiringKeys({
  clock,
  database,
  logger,
}: Pick<Deps, 'clock' | 'database' | 'logger'>): Promise<void> {
  const now = clock.now()
  const before = later(now, SERVICE_KEY.warnDays * DAY)
  for (const { id, name, expiresAt } of await listExpiringServiceKeys(database.prisma, { now, before })) {
    const line = { serviceKeyId: id, name, expiresAt: expiresAt.toISOString() }
    logger.warn({ event: 'service_key_expires', ...line }, 'service_key_expires')
  }
}

const DAY = 86_400_000
