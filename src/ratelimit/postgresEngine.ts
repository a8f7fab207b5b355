import type { Pool } from 'pg'
import { RateLimiterPostgres } from 'rate-limiter-flexible'
import type { CounterEngine } from './counterEngine'

export interface PostgresEngine extends CounterEngine {
  /** Deletes the windows that were over at `now`. */
  purge: (now: Date) => Promise<void>
}

/** Counts in the table rate_limit_counters, which the migrations make: UNLOGGED, so that a count costs no disk. */
export function createPostgresEngine(pool: Pool): PostgresEngine {
  // Only `penalty` is used, which counts and never judges, so one limiter serves all budgets: its own points mean nothing.
  const counters = new RateLimiterPostgres({
    storeClient: pool,
    storeType: 'pool',
    tableName: 'rate_limit_counters',
    tableCreated: true,
    clearExpiredByTimeout: false, // its timer swallows errors, and would run once in each instance: see purge
    keyPrefix: '',
    points: 1,
    duration: 1,
  })

  return {
    async hit(key, budget) {
      const { consumedPoints, msBeforeNext } = await counters.penalty(key, 1, { customDuration: budget.window / 1000 })
      return { calls: consumedPoints, msLeft: msBeforeNext }
    },

    async refund(key, budget) {
      await pool.query({
        name: 'rate-limit-refund',
        text: 'UPDATE rate_limit_counters SET points = LEAST(points, $2) - 1 WHERE key = $1 AND points > 0',
        values: [key, budget.max],
      })
    },

    async reset(key) {
      await counters.delete(key)
    },

    async purge(now) {
      await pool.query('DELETE FROM rate_limit_counters WHERE expire <= $1', [now.getTime()])
    },
  }
}
