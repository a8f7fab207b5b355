import type { LRUCache } from 'lru-cache'
import type { Config } from '../config/config'
import type { JsonSchemas } from '../config/jsonSchemas'
import type { AccessTokens } from '../crypto/accessToken'
import type { BreachCheck } from '../passwords/breachCheck'
import type { Keyring } from '../crypto/keyring'
import type { PasswordHasher } from '../passwords/passwordHasher'
import type { StrengthEstimator } from '../passwords/strengthEstimator'
import type { Secrets } from '../crypto/secrets'
import type { Locale } from '../i18n/locale'
import type { Clock } from '../lib/clock'
import type { Network } from '../lib/ipAddress'
import type { Logger, RequestLog } from '../ops/logger'
import type { Metrics } from '../ops/metrics'
import type { SampledLog } from '../ops/sampledLog'
import type { RateLimiter } from '../ratelimit/rateLimiter'
import type { ActorKind, SecurityEvent } from '../store/auditEvents'
import type { Database } from '../store/database'
import type { OperatedAccount } from '../store/operatedUsers'
import type { ServiceKey } from '../store/serviceKeys'
import type { LiveSession, SessionCache } from '../store/sessionCache'
import type { Passkey } from '../store/passkeys'
import type { SessionView } from '../store/sessions'
import type { UserFilter } from '../store/userPages'
import type { Account, AccountKey } from '../store/users'
import type { DeliveryFilter, DeliveryState, WebhookDeliveryView } from '../store/webhookDeliveries'
import type { WebhookEndpoint } from '../store/webhookEndpoints'
import type { SingleFlight } from './steps/singleFlight'

export type { Account, AccountKey, OperatedAccount, Passkey, SecurityEvent, ServiceKey, SessionView, UserFilter }
export type { DeliveryFilter, DeliveryState, WebhookDeliveryView, WebhookEndpoint }

/** The dependencies of the operations; each operation picks those that it needs. */
export interface Deps {
  config: Config
  schemas: JsonSchemas
  clock: Clock
  database: Database
  secrets: Secrets
  hasher: PasswordHasher
  strength: StrengthEstimator
  breached: BreachCheck
  keyring: Keyring
  accessTokens: AccessTokens
  sessionCache: SessionCache
  limiter: RateLimiter
  singleFlight: SingleFlight
  /** Digests of service keys that this instance found good within the last minute. */
  usedServiceKeys: LRUCache<string, true>
  logger: Logger
  sampledLog: SampledLog
  metrics: Metrics
}

/** Who makes a change: the client of a request, an operator, a service key, a command, or this server by itself. */
export interface Actor {
  ipAddress: string | null
  userAgent: string | null
  log: RequestLog
  requestId?: string
  /** Omitted: the user whom the change is about. */
  kind?: Exclude<ActorKind, 'user'>
  /** The operator's account, or the service key. */
  id?: string
}

/** The client of a request, signed in or not. */
export interface ClientInfo {
  /** Canonical address, and the networks that rate limits count it in, the narrowest first. */
  ipAddress: string
  networks: readonly Network[]
  userAgent: string | null
  locale: Locale
  requestId: string
  /** Its lines carry `requestId`. */
  log: RequestLog
  /** Aborts when the client has disconnected: hashes that still wait in the queue are dropped then. */
  signal: AbortSignal
}

/** A signed-in client. */
export type Viewer = LiveSession

/** The tokens that a client receives. */
export interface IssuedTokens {
  accessToken: string
  accessTokenExpiresAt: Date
  refreshToken: string
  refreshTokenExpiresAt: Date
}
