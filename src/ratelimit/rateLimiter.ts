import { createHmac } from 'node:crypto'
import type { Pool } from 'pg'
import type { Logger } from '../ops/logger'
import type { Budget } from './counterEngine'
import { createMemoryEngine } from './memoryEngine'
import { createPostgresEngine } from './postgresEngine'
import { connectRedis } from './redisEngine'
import { createRedisOrPostgresEngine } from './redisOrPostgres'

export type { Budget }

/** One call on one budget of one subject. */
export interface Charge {
  budget: Budget
  /** Whose: canonical parts, joined. Only a keyed hash of it leaves this room. */
  subject: string
}

export interface RateLimiter {
  /**
   * Takes one call from every budget at once: counted first, judged after, so that parallel calls cannot all find room.
   * Resolves to 0 when all admit it, else to the whole seconds (1 or more) until the last of the spent ones admits again.
   * Rejects with the driver's error when PostgreSQL is needed and away.
   */
  take: (charges: readonly Charge[]) => Promise<number>
  /** Gives back one call that `take` admitted: a right password is no guess. */
  refund: (charges: readonly Charge[]) => Promise<void>
  /** Forgets what was counted. Another instance that has refused a call refuses until the end of the window. */
  reset: (charges: readonly Charge[]) => Promise<void>
  /** Deletes the counters whose window was over at `now`. */
  purge: (now: Date) => Promise<void>
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
}

/**
 * Budgets that hold across instances, counted in PostgreSQL, or in Redis where there is one. Beside the store each
 * instance counts what it admits itself: that holds when the store loses its counters or changes, and it refuses a
 * blocked key without a trip.
 */
export function createRateLimiter({ pool, redisUrl, hashKey, logger, enabled }: RateLimiterOptions): RateLimiter {
  const own = createMemoryEngine()
  const postgres = createPostgresEngine(pool)
  const redis = redisUrl === null ? null : connectRedis(redisUrl)
  const store = redis ? createRedisOrPostgresEngine({ redis, postgres, logger }) : postgres

  const keyOf = ({ budget, subject }: Charge) =>
    createHmac('sha256', hashKey).update(`${budget.name}\0${subject}`).digest('base64url')

  /** Milliseconds until the budget admits again; 0 when it has admitted this call. */
  async function takeOne(charge: Charge): Promise<number> {
    const { budget } = charge
    const key = keyOf(charge)
    const here = await own.hit(key, budget)
    if (here.calls > budget.max) return Math.max(here.msLeft, 1)

    const everywhere = await store.hit(key, budget).catch(async (error: unknown) => {
      await own.refund(key, budget) // nothing was admitted: an outage of the store must not spend budgets
      throw error
    })
    if (here.calls === 1) own.alignEnd(key, everywhere.msLeft)
    if (everywhere.calls <= budget.max) return 0
    own.spend(key, budget, everywhere.msLeft)
    return Math.max(everywhere.msLeft, 1)
  }

  const counted = (charges: readonly Charge[]) => charges.filter(({ budget }) => enabled || budget.always)

  return {
    async take(charges) {
      const waits = await Promise.all(counted(charges).map(takeOne))
      return Math.ceil(Math.max(0, ...waits) / 1000)
    },

    async refund(charges) {
      await Promise.all(
        counted(charges).flatMap((charge) => {
          const key = keyOf(charge)
          return [own.refund(key, charge.budget), store.refund(key, charge.budget)]
        }),
      )
    },

    async reset(charges) {
      await Promise.all(
        counted(charges).flatMap((charge) => {
          const key = keyOf(charge)
          return [own.reset(key), store.reset(key)]
        }),
      )
    },

    purge: (now) => postgres.purge(now),

    close() {
      redis?.disconnect()
      return Promise.resolve()
    },
  }
}
