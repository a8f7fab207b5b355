import { Cluster } from 'ioredis'
import type { CounterEngine } from './counterEngine'
import { type RedisClient, connectRedis, redisProblem } from './redisConnection'
import type { RedisServers } from './redisServers'

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

/** Connects and counts once, as for a request. Null, or the code of the failure. */
export async function pingRedis(servers: RedisServers): Promise<string | null> {
  const redis = connectRedis(servers)
  try {
    await new Promise((resolve, reject) => {
      redis.once('ready', resolve)
      redis.on('error', reject)
      redis.once('close', () => reject(new Error('closed')))
    })
    await createRedisEngine(redis).hit([{ key: 'doctor', calls: 1, window: 1_000 }])
    return null
  } catch (error) {
    return redisProblem(error)
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
