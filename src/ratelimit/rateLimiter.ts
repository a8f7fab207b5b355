import { createHmac } from 'node:crypto'
import type { Pool } from 'pg'
import type { Budget, CounterEngine } from './counterEngine'
import { LocalCounters } from './localCounters'
import { createPostgresEngine } from './postgresEngine'
import type { RedisServers } from './redisServers'
import { type KeyedCharge, SharedCounters } from './sharedCounters'
import type { Logger, RequestLog } from '../ops/logger'

export type { Budget }

/** One call on one budget of one subject. */
export interface Charge {
  budget: Budget
  /** What the budget counts by: canonical parts, joined. Only a keyed hash of it is stored. */
  subject: string
}

export interface RateLimiter {
  /**
   * Counts one call on every budget in one query, before it decides, so that parallel calls cannot all be admitted. If one
   * budget is known to be spent, nothing is counted and no query is sent.
   * Resolves to 0 if all admit the call, else to the whole seconds (1 or more) until the last of the spent ones admits again.
   * Rejects with the driver's error if PostgreSQL is needed and unavailable. `log` is handed to `onRefused`.
   */
  consume: (charges: readonly Charge[], log?: RequestLog) => Promise<number>
  /** Whether one of these budgets is known to be spent. Sends no query and counts nothing. */
  isKnownSpent: (charges: readonly Charge[]) => boolean
  /**
   * Refunds one call that `consume` admitted: a right password is not a guess. Another instance that has refused a call
   * continues to refuse until the window ends.
   */
  refund: (charges: readonly Charge[]) => Promise<void>
  close: () => Promise<void>
}

interface RateLimiterOptions {
  pool: Pool
  redis: RedisServers | null
  /** Keys the hash that subjects are stored under. */
  hashKey: Buffer
  logger: Logger
  /** When false, nothing is counted and every call is admitted. */
  enabled: boolean
  /** Milliseconds, for what this instance counts itself. The windows of the store go by the store's clock. */
  now: () => number
  /** Called for each refused call. */
  onRefused: (refused: { budget: string; retryAfter: number; log: RequestLog | undefined }) => void
}

/** Budgets that hold across instances, counted in Redis if one is configured, else in PostgreSQL. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { pool, hashKey, logger, enabled, now, onRefused } = options
  const postgres = createPostgresEngine(pool)
  const redis = options.redis && openRedis(options.redis, { postgres, logger })
  const store = redis ? onceOpen(redis) : postgres
  const counters = new SharedCounters(new LocalCounters(now), store)

  const keyed = (charges: readonly Charge[]): KeyedCharge[] =>
    charges.map(({ budget, subject }) => ({
      budget,
      key: createHmac('sha256', hashKey).update(`${budget.name}\0${subject}`).digest('base64url'),
    }))

  return {
    async consume(charges, log) {
      if (!enabled) return 0
      const counted = keyed(charges)
      const spent = counters.knownSpent(counted)
      const refusals = spent.length > 0 ? spent : await counters.count(counted)
      const [last] = refusals.sort((one, other) => other.msLeft - one.msLeft)
      if (!last) return 0
      const retryAfter = Math.ceil(last.msLeft / 1000)
      onRefused({ budget: last.budget.name, retryAfter, log })
      return retryAfter
    },

    isKnownSpent: (charges) => enabled && counters.knownSpent(keyed(charges)).length > 0,
    refund: (charges) => (enabled ? counters.refund(keyed(charges)) : Promise.resolve()),

    close: async () => (await redis)?.close(),
  }
}

/** Its client is loaded where Redis is configured only. */
async function openRedis(servers: RedisServers, others: { postgres: CounterEngine; logger: Logger }) {
  const { openRedisOrPostgres } = await import('./redisOrPostgres')
  return openRedisOrPostgres({ servers, ...others })
}

function onceOpen(engine: Promise<CounterEngine>): CounterEngine {
  return {
    hit: async (hits) => (await engine).hit(hits),
    refund: async (refunds) => (await engine).refund(refunds),
  }
}
