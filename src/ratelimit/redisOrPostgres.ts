import { types } from 'node:util'
import type { Redis } from 'ioredis'
import type { Logger } from '../ops/logger'
import type { CounterEngine } from './counterEngine'
import { createRedisEngine } from './redisEngine'

interface Stores {
  redis: Redis
  postgres: CounterEngine
  logger: Logger
}

/**
 * Counts in Redis, and in PostgreSQL while Redis is away or hangs: neither lets calls pass uncounted, nor fails them.
 * One warning for each outage, one line when it is over. Rejects only if PostgreSQL is away too.
 */
export function createRedisOrPostgresEngine({ redis, postgres, logger }: Stores): CounterEngine {
  const inRedis = createRedisEngine(redis)
  let away = false

  const lost = (error: unknown) => {
    if (away) return
    away = true
    logger.warn({ reason: reasonOf(error) }, 'Redis is away: rate limits are counted in PostgreSQL until it is back')
  }
  const answered = () => {
    if (!away) return
    away = false
    logger.info('Redis is back: rate limits are counted there again')
  }
  redis.on('error', lost)
  redis.on('reconnecting', () => lost('connection closed')) // which is no error, when the server ends it

  const use = async <T>(step: (engine: CounterEngine) => Promise<T>): Promise<T> => {
    // No warning here: a connection that is merely being opened is no outage, and one that fails says so itself.
    if (redis.status !== 'ready') return step(postgres)
    try {
      const result = await step(inRedis)
      answered()
      return result
    } catch (error) {
      lost(error)
      return step(postgres)
    }
  }

  return {
    hit: (hits) => use((engine) => engine.hit(hits)),
    refund: (refunds) => use((engine) => engine.refund(refunds)),
  }
}

/** Its code only, which in a reply is the first word: the rest may quote the command, which for AUTH is the password. */
function reasonOf(error: unknown): string {
  if (!types.isNativeError(error)) return typeof error === 'string' ? error : 'unknown'
  return 'code' in error ? String(error.code) : (/^[A-Z]{2,}\b/.exec(error.message)?.[0] ?? error.name)
}
