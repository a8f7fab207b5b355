import { WEBHOOK } from '../config/webhookDefaults'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Milliseconds from a failed attempt to the next, the example of Standard Webhooks: ten attempts in 75 h 35 min. */
export const RETRY_DELAYS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const

/**
 * Milliseconds before the next attempt after `attempts` failed ones, with ±25 % jitter; never earlier than the receiver asked,
 * up to a day. Null after the last attempt.
 */
export function nextDelay(attempts: number, retryAfter: number | null): number | null {
  const delay = RETRY_DELAYS[attempts - 1]
  if (delay === undefined) return null
  return Math.max(delay * (0.75 + Math.random() / 2), Math.min(retryAfter ?? 0, WEBHOOK.maxRetryAfter))
}
