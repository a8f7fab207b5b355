import { type ChainableCommander, Redis } from 'ioredis'
import type { CounterEngine } from './counterEngine'

/** Milliseconds until PostgreSQL is used instead. Redis normally answers in less than one. */
const COMMAND_TIMEOUT = 500
/** Milliseconds without data after which a connection is closed, so that further calls do not wait at all. */
const SOCKET_TIMEOUT = 1_000
const CONNECT_TIMEOUT = 2_000
/** Milliseconds that closing waits for the server's FIN, which a server that hangs never sends. */
const DISCONNECT_TIMEOUT = 500
/** Milliseconds before the first attempt to reconnect, doubled for each further one up to MAX_RETRY. */
const FIRST_RETRY = 100
const MAX_RETRY = 5_000

/** Other applications may use the same Redis. */
const KEY_PREFIX = 'gatehouse:rate-limit:'

/** The script sets the expiry with the first count: a counter without an expiry would refuse for ever. */
const HIT = `
local calls = redis.call('incrby', KEYS[1], ARGV[1])
local left = redis.call('pttl', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[2])
  redis.call('pexpire', KEYS[1], left)
end
return {calls, left}`

/** DECRBY keeps the time to live. */
const REFUND = `
local calls = tonumber(redis.call('get', KEYS[1]) or '0')
if calls > 0 then redis.call('decrby', KEYS[1], math.max(calls - tonumber(ARGV[1]), 0) + 1) end`

/**
 * A connection that fails immediately instead of queueing commands, and never resends one: a delayed command would count a
 * call that was decided long ago. The caller must listen to its `error` events and disconnect it.
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

/** Connects and counts once, as for a request. Null, or the code of the failure. */
export async function pingRedis(url: string): Promise<string | null> {
  const redis = connectRedis(url)
  let cause: unknown = null
  redis.on('error', (error) => (cause ??= error))
  try {
    await new Promise((resolve, reject) => {
      redis.once('ready', resolve)
      redis.once('close', reject)
    })
    await createRedisEngine(redis).hit([{ key: 'doctor', calls: 1, window: 1_000 }])
    return null
  } catch (error) {
    const { code, message = '' } = Object(cause ?? error) as { code?: string; message?: string }
    return code ?? /^[A-Z]+/.exec(message)?.[0] ?? 'no answer'
  } finally {
    redis.disconnect()
  }
}

/** Counts in Redis, by its clock: one script for each key, all in one pipeline. */
export function createRedisEngine(redis: Redis): CounterEngine {
  return {
    async hit(hits) {
      const pipeline = redis.pipeline()
      for (const { key, calls, window } of hits) pipeline.eval(HIT, 1, KEY_PREFIX + key, calls, window)
      const replies = await repliesOf(pipeline)
      return replies.map((reply) => {
        const [calls, msLeft] = reply as [number, number]
        return { calls, msLeft }
      })
    },

    async refund(refunds) {
      const pipeline = redis.pipeline()
      for (const { key, max } of refunds) pipeline.eval(REFUND, 1, KEY_PREFIX + key, max)
      await repliesOf(pipeline)
    },
  }
}

/** The replies of a pipeline, in order. Throws the first error among them. */
async function repliesOf(pipeline: ChainableCommander): Promise<unknown[]> {
  const replies = (await pipeline.exec()) ?? []
  return replies.map(([error, reply]) => {
    if (error) throw error
    return reply
  })
}
