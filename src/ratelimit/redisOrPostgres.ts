import type { Logger } from '../ops/logger'
import type { CounterEngine } from './counterEngine'
import { connectRedis, redisProblem } from './redisConnection'
import { createRedisEngine } from './redisEngine'
import type { RedisServers } from './redisServers'

interface Stores {
  servers: RedisServers
  postgres: CounterEngine
  logger: Logger
}

/**
 * Counts in Redis, and in PostgreSQL while Redis is unavailable or hangs, so that calls are neither admitted uncounted nor
 * failed. Logs one warning for each outage and one line when it ends. Rejects only if PostgreSQL is unavailable too.
 */
export function openRedisOrPostgres({ servers, postgres, logger }: Stores): CounterEngine & { close: () => void } {
  const redis = connectRedis(servers)
  const inRedis = createRedisEngine(redis)
  let unavailable = false

  const onFailure = (error: unknown) => {
    if (unavailable) return
    unavailable = true
    logger.warn(
      { reason: redisProblem(error) },
      'Redis is away: rate limits are counted in PostgreSQL until it is back',
    )
  }
  const onSuccess = () => {
    if (!unavailable) return
    unavailable = false
    logger.info('Redis is back: rate limits are counted there again')
  }
  redis.on('error', onFailure)
  redis.on('reconnecting', () => onFailure('connection closed')) // no error event if the server closes it

  const use = async <T>(step: (engine: CounterEngine) => Promise<T>): Promise<T> => {
    // No warning here: a connection that is being opened is no outage, and one that fails emits an error.
    if (redis.status !== 'ready') return step(postgres)
    try {
      const result = await step(inRedis)
      onSuccess()
      return result
    } catch (error) {
      onFailure(error)
      return step(postgres)
    }
  }

  return {
    hit: (hits) => use((engine) => engine.hit(hits)),
    refund: (refunds) => use((engine) => engine.refund(refunds)),
    close: () => redis.disconnect(),
  }
}
