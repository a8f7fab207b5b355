import { types } from 'node:util'
import type { Logger } from '../ops/logger'
import type { CounterEngine } from './counterEngine'
import { type RedisClient, createRedisEngine } from './redisEngine'

interface Stores {
  redis: RedisClient
  postgres: CounterEngine
  logger: Logger
}

/**
 * Counts in Redis, and in PostgreSQL while Redis is unavailable or hangs, so that calls are neither admitted uncounted nor
 * failed. Logs one warning for each outage and one line when it ends. Rejects only if PostgreSQL is unavailable too.
 */
export function createRedisOrPostgresEngine({ redis, postgres, logger }: Stores): CounterEngine {
  const inRedis = createRedisEngine(redis)
  let unavailable = false

  const onFailure = (error: unknown) => {
    if (unavailable) return
    unavailable = true
    logger.warn({ reason: reasonOf(error) }, 'Redis is away: rate limits are counted in PostgreSQL until it is back')
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
  }
}

/** The error's code only, which is the first word of a reply: the rest may quote the command, which for AUTH is the password. */
function reasonOf(error: unknown): string {
  if (!types.isNativeError(error)) return typeof error === 'string' ? error : 'unknown'
  return 'code' in error ? String(error.code) : (/^[A-Z]{2,}\b/.exec(error.message)?.[0] ?? error.name)
}
