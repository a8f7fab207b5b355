import type { Deps } from './deps'
import { KNOWN_DEVICE, LOGIN_GUESSES, RETENTION, SECOND_FACTOR } from '../config/defaults'
import { later } from '../lib/clock'
import { purgeExpiredRows } from '../store/purgeExpiredRows'

/** Deletes unverified accounts, ended sessions, expired links, challenges and counters, and old audit rows and webhook deliveries after their retention; no more of them after `signal`. */
export async function purgeExpired(
  { clock, config, database, logger }: Pick<Deps, 'clock' | 'config' | 'database' | 'logger'>,
  signal?: AbortSignal,
): Promise<void> {
  const now = clock.now()
  const limits = {
    now,
    unverifiedBefore: later(now, -RETENTION.unverifiedUsers),
    sessionsEndedBefore: later(now, -RETENTION.endedSessions),
    tokensDeadBefore: later(now, -RETENTION.deadTokens),
    tokensReplacedBefore: later(now, -config.refreshTokenTtl),
    auditBefore: later(now, -config.auditRetention),
    webhooksBefore: later(now, -RETENTION.webhookDeliveries),
    challengesExpiredBefore: later(now, -RETENTION.expiredChallenges),
    enrolmentsBefore: later(now, -SECOND_FACTOR.enrolmentLife),
    devicesBefore: later(now, -KNOWN_DEVICE.memory),
    devices: {
      ...{ max: KNOWN_DEVICE.maxPerAccount, perDay: KNOWN_DEVICE.maxPerDay },
      dayBefore: later(now, -DAY),
    },
    loginFailures: LOGIN_GUESSES,
    batch: RETENTION.purgeBatch,
  }
  const purged = await purgeExpiredRows(database, limits, signal)
  logger.info({ event: 'purged', ...purged }, 'purged')
}

const DAY = 86_400_000
