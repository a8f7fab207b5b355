import { Cluster, Redis } from 'ioredis'
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

/** Milliseconds before a command is sent again whose node is gone, or whose connection the client replaced as it learned of the nodes. */
const FAILOVER_RETRY = 100
/** A node that does not have the key names the one that has it, more than once while slots move. */
const MAX_REDIRECTIONS = 4

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

const FAIL_FAST = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0, // also: no command is sent again on the next connection
  commandTimeout: COMMAND_TIMEOUT,
  socketTimeout: SOCKET_TIMEOUT,
  connectTimeout: CONNECT_TIMEOUT,
  disconnectTimeout: DISCONNECT_TIMEOUT,
}

/** One server, or the nodes of a cluster. */
export type RedisClient = Redis | Cluster

/**
 * A connection that fails immediately instead of queueing commands, and never resends one: a delayed command would count a
 * call that was decided long ago. The caller must listen to its `error` events and disconnect it. In a cluster the URL names
 * one node, which names the others; user, password and TLS are those of all, and a command may be sent again within
 * COMMAND_TIMEOUT.
 */
export function connectRedis(url: string, { cluster }: { cluster: boolean }): RedisClient {
  const retry = (attempt: number) => Math.min(FIRST_RETRY * 2 ** (attempt - 1), MAX_RETRY)
  if (!cluster) return new Redis(url, { ...FAIL_FAST, retryStrategy: retry })
  const { protocol, hostname, port, username, password } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  return new Cluster([{ host, port: Number(port || 6379) }], {
    enableOfflineQueue: false,
    clusterRetryStrategy: retry,
    retryDelayOnFailover: FAILOVER_RETRY,
    maxRedirections: MAX_REDIRECTIONS,
    redisOptions: {
      ...FAIL_FAST,
      ...(username !== '' && { username: decodeURIComponent(username) }),
      ...(password !== '' && { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' && { tls: { servername: host } }),
    },
  })
}

/** Connects and counts once, as for a request. Null, or the code of the failure. */
export async function pingRedis(url: string, options: { cluster: boolean }): Promise<string | null> {
  const redis = connectRedis(url, options)
  let cause: unknown = null
  redis.on('error', (error: unknown) => (cause ??= error))
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

/** Counts in Redis, by its clock: one script for each key, all sent at once; in a cluster each to the node that has the key. */
export function createRedisEngine(redis: RedisClient): CounterEngine {
  return {
    async hit(hits) {
      const scripts = hits.map(({ key, calls, window }): Script => [HIT, 1, KEY_PREFIX + key, calls, window])
      const replies = await repliesOf(redis, scripts)
      return replies.map((reply) => {
        const [calls, msLeft] = reply as [number, number]
        return { calls, msLeft }
      })
    },

    async refund(refunds) {
      await repliesOf(
        redis,
        refunds.map(({ key, max }): Script => [REFUND, 1, KEY_PREFIX + key, max]),
      )
    },
  }
}

type Script = [text: string, keys: number, key: string, ...values: number[]]

/** The replies in order. Throws the first error among them. */
async function repliesOf(redis: RedisClient, scripts: Script[]): Promise<unknown[]> {
  // A pipeline of a cluster takes the keys of one node only.
  if (redis instanceof Cluster) return Promise.all(scripts.map((script) => redis.eval(...script)))
  const pipeline = redis.pipeline()
  for (const script of scripts) pipeline.eval(...script)
  const replies = (await pipeline.exec()) ?? []
  return replies.map(([error, reply]) => {
    if (error) throw error
    return reply
  })
}
