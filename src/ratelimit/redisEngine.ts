import { Redis } from 'ioredis'
import { RateLimiterRedis } from 'rate-limiter-flexible'
import type { CounterEngine } from './counterEngine'

/** Milliseconds that a decision waits for Redis, which answers in less than one; then PostgreSQL decides. */
const COMMAND_TIMEOUT = 500
/** Milliseconds of silence after which a connection counts as dead, so that the calls after it do not wait at all. */
const SOCKET_TIMEOUT = 1_000
const CONNECT_TIMEOUT = 2_000
/** Milliseconds that closing waits for the other side's goodbye, which a server that hangs never says. */
const DISCONNECT_TIMEOUT = 500
/** Milliseconds before the first attempt to connect again, doubled for each further one up to the cap. */
const FIRST_RETRY = 100
const MAX_RETRY = 5_000

/** Others may use the same Redis. */
const KEY_PREFIX = 'gatehouse:rate-limit:'

/** DECRBY keeps the time to live. */
const REFUND = `
local calls = tonumber(redis.call('get', KEYS[1]) or '0')
if calls > 0 then redis.call('decrby', KEYS[1], math.max(calls - tonumber(ARGV[1]), 0) + 1) end`

/**
 * A connection that fails at once instead of queueing, and sends nothing twice: a command that waited for the server to
 * come back would count a call long answered. The caller must listen to its `error` events, and disconnect it.
 */
export function connectRedis(url: string): Redis {
  return new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0, // also: no command is sent again on the next connection
    commandTimeout: COMMAND_TIMEOUT,
    socketTimeout: SOCKET_TIMEOUT,
    connectTimeout: CONNECT_TIMEOUT,
    disconnectTimeout: DISCONNECT_TIMEOUT,
    retryStrategy: (attempt) => Math.min(FIRST_RETRY * 2 ** (attempt - 1), MAX_RETRY),
  })
}

/** Counts in Redis: each step is one script, or one command, there. */
export function createRedisEngine(redis: Redis): CounterEngine {
  // Only `penalty` is used, which counts and never judges, so one limiter serves all budgets: its own points mean nothing.
  const counters = new RateLimiterRedis({ storeClient: redis, keyPrefix: '', points: 1, duration: 1 })

  return {
    async hit(key, budget) {
      const options = { customDuration: Math.ceil(budget.window / 1000) } // it would round down, and 0 never ends
      const { consumedPoints, msBeforeNext } = await counters.penalty(KEY_PREFIX + key, 1, options)
      return { calls: consumedPoints, msLeft: msBeforeNext }
    },

    async refund(key, budget) {
      await redis.eval(REFUND, 1, KEY_PREFIX + key, budget.max)
    },

    async reset(key) {
      await counters.delete(KEY_PREFIX + key)
    },
  }
}
