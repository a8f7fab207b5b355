import { LRUCache } from 'lru-cache'
import type { Config } from './config/config'
import type { JsonSchemas } from './config/jsonSchemas'
import { SERVICE_KEY } from './config/operatorDefaults'
import { createAccessTokens } from './crypto/accessToken'
import { createBreachCheck } from './passwords/breachCheck'
import { HashQueue } from './passwords/hashQueue'
import { createKeyring } from './crypto/keyring'
import { createPasswordHasher } from './passwords/passwordHasher'
import { type StrengthEstimator, startStrengthEstimator } from './passwords/strengthEstimator'
import { deriveSecrets } from './crypto/secrets'
import { type Clock } from './lib/clock'
import { Closers } from './lib/closers'
import type { Logger } from './ops/logger'
import { type Metrics, createMetrics } from './ops/metrics'
import { createSampledLog } from './ops/sampledLog'
import { createRateLimiter } from './ratelimit/rateLimiter'
import { redisServersOf } from './ratelimit/redisServers'
import type { Deps } from './services/deps'
import { createSingleFlight } from './services/steps/singleFlight'
import { readDatabaseUrl } from './store/connection'
import { openDatabase } from './store/database'
import { type HashKinds, createHashKinds } from './store/hashKinds'
import { NotificationListener, sendNotification } from './store/notificationListener'
import { SessionCache } from './store/sessionCache'

interface Given {
  config: Config
  logger: Logger
  clock: Clock
  /** Undefined: one of its own, which `closers` closes. */
  strength: StrengthEstimator | undefined
}

/** Opens what the operations depend on; `closers` gets what closes it. */
export function createDeps(
  { config, logger, clock, strength: shared }: Given,
  parts: { databaseUrl: string; directUrl: string; secret: string; schemas: JsonSchemas; closers: Closers },
) {
  const { databaseUrl, directUrl, secret, schemas, closers } = parts
  const warn = (error: unknown) =>
    logger.warn({ event: 'database_connection_lost', err: error }, 'database_connection_lost')
  const { databasePool: poolSize, databaseTimeouts: timeouts } = config
  const database = openDatabase({ url: databaseUrl, poolSize, timeouts, onIdleError: warn })
  closers.push(() => database.close())
  const metrics = createMetrics()
  const secrets = deriveSecrets(secret, config.secretPrevious)
  const keyring = createKeyring()
  const hashKey = secrets.key('budget-key')
  const { pool } = database
  const sampledLog = createSampledLog(logger)
  closers.push(() => sampledLog.flush())
  const { publicUrl: origin, accessTokenTtl: ttl, tokenClaims, rateLimits: enabled } = config
  const limiter = createRateLimiter({
    ...{ pool, redis: redisServersOf(config), hashKey, logger, enabled },
    now: () => clock.now().getTime(),
    onRefused: ({ budget, retryAfter, log = logger }) =>
      sampledLog(log, { event: 'rate_limited', kind: budget, retryAfter }),
  })
  closers.push(() => limiter.close())
  const strength = shared ?? startStrengthEstimator({ logger })
  if (!shared) closers.push(() => strength.close())
  const listener = new NotificationListener({
    target: readDatabaseUrl(directUrl, 'DIRECT_DATABASE_URL'),
    notify: (payload) => sendNotification(pool, payload),
    onError: warn,
  })
  closers.push(() => listener.close())
  const sessionCache = new SessionCache({ pool, isListening: () => listener.isListening(), onError: warn })
  listener.subscribe({
    onNotification: (notification) => 'id' in notification && sessionCache.invalidate(notification),
    onListening: () => sessionCache.invalidateAll(),
  })
  const { hashQueue, hasher } = createHasher(config, metrics, createHashKinds({ pool, clock }))
  const deps: Deps = {
    ...{ config, logger, sampledLog, clock, database, metrics, secrets, keyring, limiter, strength, sessionCache },
    schemas,
    hasher,
    breached: createBreachCheck({ url: config.breachCheckUrl }),
    accessTokens: createAccessTokens({ keyring, origin, ttl, tokenClaims }),
    singleFlight: createSingleFlight(),
    usedServiceKeys: new LRUCache({ max: SERVICE_KEY.maxKeys, ttl: SERVICE_KEY.lastUsedResolution }),
  }
  return { deps, listener, hashQueue }
}

function createHasher(config: Config, metrics: Metrics, kindsPresent: HashKinds) {
  const hashQueue = new HashQueue({
    concurrency: config.hashConcurrency,
    maxWait: config.hashMaxWait,
    observe: {
      refused: () => metrics.hashRefused.inc(),
      dropped: () => metrics.hashDropped.inc(),
      waited: (milliseconds) => metrics.hashWait.observe(milliseconds / 1000),
      ran: (milliseconds) => metrics.hashDuration.observe(milliseconds / 1000),
    },
  })
  const { passwordAlgorithm: algorithm, bcryptCost } = config
  return { hashQueue, hasher: createPasswordHasher({ algorithm, bcryptCost, hashQueue, kindsPresent }) }
}
