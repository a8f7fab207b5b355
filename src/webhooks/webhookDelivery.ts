import { nextDelay } from './retrySchedule'
import { type WebhookAnswer, postWebhook } from './postWebhook'
import { MAIL } from '../config/defaults'
import { WEBHOOK } from '../config/webhookDefaults'
import type { Secrets } from '../crypto/secrets'
import { sealWebhookSecret, signWebhook, unsealWebhookSecret } from '../crypto/webhookSecret'
import { type Clock, later } from '../lib/clock'
import type { Logger } from '../ops/logger'
import type { SampledLog } from '../ops/sampledLog'
import { span } from '../ops/tracing'
import type { DeliveryKind, Outcome } from '../outbox/dispatcher'
import { insertAuditEvent } from '../store/auditEvents'
import type { Database, Queryable } from '../store/database'
import { listOperators } from '../store/operatedUsers'
import { queueMail } from '../store/outbox'
import { findUser } from '../store/users'
import { type FoundDelivery, findDelivery, recordDelivered, recordFailed } from '../store/webhookDeliveries'
import { type EndpointRow, recordEndpointFailure, recordEndpointSuccess, resealSecret } from '../store/webhookEndpoints'

export interface WebhookParts {
  config: { webhookPrivateHosts: readonly string[] }
  database: Pick<Database, 'prisma' | 'transaction'>
  secrets: Secrets
  clock: Clock
  logger: Logger
  sampledLog: SampledLog
  /** For metrics: `delivered`, `failed`, or `given_up` with the last attempt. */
  observe: (outcome: 'delivered' | 'failed' | 'given_up') => void
}

/** Sends events to their endpoints, at least once, for as long as the schedule has attempts. */
export class WebhookDelivery implements DeliveryKind {
  readonly table = 'webhook_deliveries'
  readonly concurrency = WEBHOOK.concurrency
  /** After an error of our own; failed attempts have a schedule. */
  readonly firstRetry = WEBHOOK.firstRetry
  readonly maxRetry = WEBHOOK.maxRetryAfter

  constructor(private readonly parts: WebhookParts) {}

  mayLease(): boolean {
    return true
  }

  async deliver(id: string): Promise<Outcome> {
    const { database, clock } = this.parts
    const delivery = await findDelivery(database.prisma, id)
    if (!delivery || delivery.deliveredAt) return 'settled' // removed with its endpoint
    if (delivery.endpoint.disabledAt) return 'unavailable' // after it was claimed: it waits until the endpoint is enabled
    const startedAt = performance.now()
    const attributes = { 'gatehouse.event': delivery.type }
    const options = { attributes, kind: 'client', parent: delivery.traceparent } as const
    const answer = await span(`webhook ${delivery.type}`, options, async (current) => {
      const given = await sendEvent(this.parts, delivery)
      if (given.error !== null) current.fail(given.error)
      if (given.status !== null) current.set({ 'http.response.status_code': given.status })
      return given
    })
    const duration = Math.round(performance.now() - startedAt)
    const { status } = answer
    if (status === null || status < 200 || status > 299) return this.fail(delivery, answer, duration)
    await recordDelivered(database.prisma, { id, status, now: clock.now() })
    await recordEndpointSuccess(database.prisma, delivery.endpointId)
    this.parts.observe('delivered')
    this.parts.logger.debug({ event: 'webhook_delivered', ...about(delivery), status, duration }, 'webhook_delivered')
    return 'settled'
  }

  private async fail(delivery: FoundDelivery, answer: WebhookAnswer, duration: number): Promise<Outcome> {
    const { database, logger, sampledLog, observe } = this.parts
    const { id, attempts, endpointId } = delivery
    const { status, error, retryAfter } = answer
    const delay = nextDelay(attempts + 1, retryAfter)
    await recordFailed(database.prisma, { id, attempts, status, error, delay })
    const limits = { gone: status === 410, maxFailing: WEBHOOK.maxFailing }
    const reason = await this.judgeEndpoint(endpointId, limits)
    observe(delay === null ? 'given_up' : 'failed')
    const line = {
      ...about(delivery),
      attempt: attempts + 1,
      status,
      cause: error,
      duration,
      next: delay === null ? 'never' : Math.round(delay),
    }
    sampledLog(logger, { event: 'webhook_failed', ...line }, { level: 'warn', message: 'A webhook was not taken' })
    if (reason) logger.error({ event: 'webhook_endpoint_disabled', endpointId, reason }, 'webhook_endpoint_disabled')
    return 'settled'
  }

  /** Notes the failure. Where that disables the endpoint, the audit says so, and every operator gets a mail. */
  private judgeEndpoint(endpointId: string, limits: { gone: boolean; maxFailing: number }): Promise<string | null> {
    const now = this.parts.clock.now()
    return this.parts.database.transaction(async (tx) => {
      const reason = await recordEndpointFailure(tx, endpointId, limits)
      if (reason === null) return null
      const details = { endpointId, reason }
      await insertAuditEvent(tx, { ...BY_SERVER, type: 'webhook_endpoint_disabled', userId: null, now, details })
      for (const { id: userId, email: recipient, locale } of await listOperators(tx, WEBHOOK.maxWarned)) {
        const expiresAt = later(now, MAIL.noticeLife)
        await queueMail(tx, { name: 'webhookEndpointDisabled', recipient, userId, locale, now, expiresAt })
      }
      return reason
    })
  }
}

const BY_SERVER = { actorKind: 'system', actorId: null, requestId: null, ipAddress: null, userAgent: null } as const

/** Ids and the type: never data, URL or secret. */
function about({ id, endpointId, eventId, type }: FoundDelivery) {
  return { deliveryId: id, endpointId, eventId, type }
}

type SendParts = Pick<WebhookParts, 'config' | 'database' | 'secrets' | 'clock'>
type SentEvent = Pick<FoundDelivery, 'endpoint' | 'eventId' | 'type' | 'data' | 'createdAt'>

/** One attempt, which records nothing. The body is the same each time, except for personal data, which is read anew. */
export async function sendEvent(parts: SendParts, event: SentEvent): Promise<WebhookAnswer> {
  const { config, database, clock } = parts
  const { endpoint, eventId, type, createdAt } = event
  const secrets = await signingSecrets(parts, endpoint)
  if (!secrets) return { status: null, error: 'SECRET_LOST', retryAfter: null }
  const data = await dataFor(database.prisma, event)
  const body = JSON.stringify({ type, timestamp: createdAt.toISOString(), data })
  const timestamp = Math.floor(clock.now().getTime() / 1000)
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Gatehouse-Webhooks/1',
    'webhook-id': eventId,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signWebhook(secrets, { id: eventId, timestamp, body }),
  }
  return postWebhook({ url: endpoint.url, headers, body, privateHosts: config.webhookPrivateHosts })
}

/** The current secret and, for a day after a rotation, the one before; null if SECRET does not open the current one. */
async function signingSecrets(
  { secrets, database, clock }: SendParts,
  endpoint: EndpointRow,
): Promise<Buffer[] | null> {
  const { id, secretSealed, secretPreviousSealed, previousUntil } = endpoint
  const current = unsealWebhookSecret(secrets, id, secretSealed)
  if (!current) return null
  if (current.isOld) {
    const sealed = sealWebhookSecret(secrets, id, current.secret)
    await resealSecret(database.prisma, id, { before: secretSealed, sealed })
  }
  const isPreviousValid = secretPreviousSealed !== null && previousUntil !== null && previousUntil > clock.now()
  const previous = isPreviousValid ? unsealWebhookSecret(secrets, id, secretPreviousSealed) : null
  return previous ? [current.secret, previous.secret] : [current.secret]
}

/** The stored ids, with the personal data that the endpoint includes: looked up now, so a deleted account's is never sent. */
async function dataFor(db: Queryable, { endpoint, data }: SentEvent): Promise<object> {
  const stored = Object(data) as { userId?: string }
  if (stored.userId === undefined || !endpoint.include.includes('email')) return stored
  const user = await findUser(db, stored.userId)
  return user ? { ...stored, email: user.email } : stored
}
