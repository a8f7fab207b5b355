import { createHmac } from 'node:crypto'
import type { Pool } from 'pg'
import type { Budget } from './counterEngine'
import { LocalCounters } from './localCounters'
import { createPostgresEngine } from './postgresEngine'
import { connectRedis } from './redisEngine'
import { createRedisOrPostgresEngine } from './redisOrPostgres'
import { type KeyedCharge, SharedCounters } from './sharedCounters'
import type { Logger } from '../ops/logger'

export type { Budget }

/** One call on one budget of one subject. */
export interface Charge {
  budget: Budget
  /** Whose: canonical parts, joined. Only a keyed hash of it is stored. */
  subject: string
}

export interface RateLimiter {
  /**
   * Takes one call from every budget at once: counted first, judged after, so that parallel calls cannot all be admitted.
   * Where one of them is known to be spent, nothing is counted and no trip is made.
   * Resolves to 0 when all admit it, else to the whole seconds (1 or more) until the last of the spent ones admits again.
   * Rejects with the driver's error when PostgreSQL is needed and away. `requestId` is for the log.
   */
  take: (charges: readonly Charge[], requestId?: string) => Promise<number>
  /** Whether one of these budgets is known to be spent, without a trip. Counts nothing. */
  isKnownSpent: (charges: readonly Charge[]) => boolean
  /**
   * Gives back one call that `take` admitted: a right password is no guess. Another instance that has refused a call
   * refuses until the end of the window all the same.
   */
  refund: (charges: readonly Charge[]) => Promise<void>
  /** Deletes the counters whose window is over. */
  purge: () => Promise<void>
  close: () => Promise<void>
}

interface RateLimiterOptions {
  pool: Pool
  redisUrl: string | null
  /** Keys the hash that subjects are stored under. */
  hashKey: Buffer
  logger: Logger
  /** When false, only budgets that are `always` counted are. */
  enabled: boolean
  /** Milliseconds, for what this instance counts itself. The windows of the store go by the store's clock. */
  now: () => number
  /** Told of each refused call. */
  onRefused: (refused: { budget: string; retryAfter: number; requestId: string | undefined }) => void
}

/** Budgets that hold across instances, counted in PostgreSQL, or in Redis where there is one. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { pool, redisUrl, hashKey, logger, enabled, now, onRefused } = options
  const postgres = createPostgresEngine(pool)
  const redis = redisUrl === null ? null : connectRedis(redisUrl)
  const store = redis ? createRedisOrPostgresEngine({ redis, postgres, logger }) : postgres
  const counters = new SharedCounters(new LocalCounters(now), store)

  const keyed = (charges: readonly Charge[]): KeyedCharge[] =>
    charges
      .filter(({ budget }) => enabled || budget.always)
      .map(({ budget, subject }) => ({
        budget,
        key: createHmac('sha256', hashKey).update(`${budget.name}\0${subject}`).digest('base64url'),
      }))

  return {
    async take(charges, requestId) {
      const counted = keyed(charges)
      const spent = counters.knownSpent(counted)
      const refusals = spent.length > 0 ? spent : await counters.count(counted)
      const [last] = refusals.sort((one, other) => other.msLeft - one.msLeft)
      if (!last) return 0
      const retryAfter = Math.ceil(last.msLeft / 1000)
      onRefused({ budget: last.budget.name, retryAfter, requestId })
      return retryAfter
    },

    isKnownSpent: (charges) => counters.knownSpent(keyed(charges)).length > 0,
    refund: (charges) => counters.refund(keyed(charges)),
    purge: () => postgres.purge(),

    close() {
      redis?.disconnect()
      return Promise.resolve()
    },
  }
}
