import { MAIL } from '../../config/defaults'
import type { Budget } from '../../ratelimit/rateLimiter'
import type { Deps } from '../deps'

/** Counted even where RATE_LIMITS is off: they protect the mailboxes of others, not this server. */
const HOURLY: Budget = { name: 'mail:hour', max: MAIL.perAddressHour, window: 3_600_000, always: true }
const DAILY: Budget = { name: 'mail:day', max: MAIL.perAddressDay, window: 86_400_000, always: true }

/**
 * Whether one more mail may go to an address because someone asked for it. Counted for addresses without an account
 * too; beyond the cap the answer to the caller stays the same.
 */
export async function mayMailTo(
  { limiter, logger }: Pick<Deps, 'limiter' | 'logger'>,
  email: string,
): Promise<boolean> {
  const take = (budget: Budget) => limiter.take([{ budget, subject: email }])
  // The day counts mails, not requests: else a minute of requests would keep a mailbox silent until tomorrow.
  const wait = (await take(HOURLY)) || (await take(DAILY))
  if (wait > 0) logger.warn({ event: 'mail_capped', retryAfter: wait }, 'An address has had its mails for now')
  return wait === 0
}
