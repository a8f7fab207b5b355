import { SESSION } from './config/defaults'
import type { Inbox } from './dev/inbox/store'
import { inboxTransport } from './development'
import { isDatabaseOutage, outageCode } from './errors/outage'
import { MailDelivery } from './mail/mailDelivery'
import { describeDatabaseError } from './ops/readiness'
import type { MailContent } from './mail/mailContent'
import { createSmtpTransport } from './mail/smtpTransport'
import { Dispatcher } from './outbox/dispatcher'
import { type PeriodicTask, startPeriodic } from './outbox/periodic'
import type { HashQueue } from './passwords/hashQueue'
import type { Deps } from './services/deps'
import { syncConfiguredWebhook } from './services/configuredWebhook'
import { checkRpId } from './services/passkeyRpId'
import { removeDueSecondFactors } from './services/removeSecondFactors'
import { purgeExpired } from './services/purgeExpired'
import { warnOfExpiringKeys } from './services/warnOfExpiringKeys'
import { WrongSecretError, loadSigningKeys, rotateSigningKeys, startSigningKeys } from './services/signingKeys'
import type { NotificationListener } from './store/notificationListener'
import { queueState } from './store/outbox'
import { deleteExpiredSuccessors } from './store/refreshTokens'
import { webhookQueueState } from './store/webhookDeliveries'
import { WebhookDelivery } from './webhooks/webhookDelivery'

const SECOND = 1_000
const HOUR = 3_600_000

/** Work that no request triggers: delivery of mails and webhooks, periodic tasks, loading of signing keys. */
export interface Background {
  /** Why the signing keys are not loaded, in words; null when they are. */
  keysProblem: () => string | null
  /** Updates the gauges of the outbox, the hash queue and the listener. */
  refreshMetrics: () => Promise<void>
  /** Leases no more mails and webhooks, and waits SHUTDOWN_GRACE at most for those in flight. Safe to call twice. */
  stop: () => Promise<void>
}

interface BackgroundParts {
  mailContent: MailContent
  /** Null if mails are sent by SMTP. */
  inbox: Inbox | null
  listener: NotificationListener
  hashQueue: HashQueue
  /** Whether mails and webhooks are delivered. */
  delivers: boolean
  /** Whether expired rows are purged and keys rotated. */
  periodic: boolean
}

/**
 * Throws a WrongSecretError, or a ConfigError for another PASSKEY_RP_ID. While the database is unreachable or not migrated, it
 * retries instead.
 */
export async function startBackground(deps: Deps, parts: BackgroundParts): Promise<Background> {
  const { database, logger, config } = deps
  const { delivery, transport } = await createMails(deps, parts)
  const webhooks = new WebhookDelivery({
    ...deps,
    observe: (outcome) => deps.metrics.webhookAttempts.inc({ outcome }),
  })
  let dispatchers: { mails: Dispatcher; webhooks: Dispatcher } | undefined
  let stopPeriodic: (() => Promise<void>) | undefined
  let stopping: Promise<void> | undefined
  // Loading the keys proves that the database is migrated: earlier, every query for due mails would fail.
  const onLoaded = () => {
    if (parts.delivers) {
      dispatchers ??= {
        mails: new Dispatcher({ database, logger, kind: delivery }),
        webhooks: new Dispatcher({ database, logger, kind: webhooks }),
      }
    }
    if (parts.periodic) stopPeriodic ??= startPeriodic(periodicTasks(deps), logger)
  }
  parts.listener.subscribe({
    onNotification: ({ kind }) => (kind === 'mails' || kind === 'webhooks') && dispatchers?.[kind].wake(),
    onListening: () => {
      dispatchers?.mails.wake()
      dispatchers?.webhooks.wake()
    },
  })
  const keys = await startKeys(deps, { listener: parts.listener, onLoaded })
  if (keys.problem() === null) await checkRpId(deps)
  return {
    keysProblem: keys.problem,
    refreshMetrics: () => refreshMetrics(deps, parts),
    stop: () => (stopping ??= stop()),
  }

  async function stop(): Promise<void> {
    keys.stop()
    const { shutdownGrace: grace } = config
    await Promise.all([dispatchers?.mails.stop(grace), dispatchers?.webhooks.stop(grace), stopPeriodic?.()])
    delivery.stop()
    await transport.close()
  }
}

function periodicTasks(deps: Deps): PeriodicTask[] {
  // Often enough that a rotation is late by a quarter of its period at most.
  const rotation = Math.max(SECOND, Math.min(HOUR, Math.floor(deps.config.signingKeyRotation / 4)))
  return [
    {
      name: 'forget_successors',
      interval: SESSION.successorPurge,
      run: () => deleteExpiredSuccessors(deps.database.prisma, deps.config.refreshGrace),
    },
    { name: 'purge_expired', interval: HOUR, run: (signal) => purgeExpired(deps, signal) },
    { name: 'remove_second_factors', interval: 60 * SECOND, run: () => removeDueSecondFactors(deps) },
    { name: 'warn_of_expiring_keys', interval: 24 * HOUR, run: () => warnOfExpiringKeys(deps) },
    { name: 'rotate_signing_keys', interval: rotation, run: () => rotateSigningKeys(deps, { immediately: false }) },
  ]
}

/** Loads the keys now, and again whenever an instance has rotated them. */
async function startKeys(deps: Deps, { listener, onLoaded }: { listener: NotificationListener; onLoaded: () => void }) {
  const { logger } = deps
  let loaded = false
  let problem = 'signing keys missing'
  let stopped = false
  let retry: NodeJS.Timeout | undefined

  const load = async (work: () => Promise<void>): Promise<void> => {
    clearTimeout(retry)
    await work()
    loaded = true
    if (!stopped) onLoaded()
  }
  const loadLater = (work: () => Promise<void>, error: unknown): void => {
    const cause = describeDatabaseError(error)
    problem = `signing keys missing: ${cause}`
    logger.warn({ event: 'signing_keys_waiting', cause }, 'The signing keys wait for the database')
    if (!stopped) retry = setTimeout(() => void again(work), SECOND).unref()
  }
  const again = (work: () => Promise<void>): Promise<void> =>
    load(work).catch((error: unknown) => {
      if (!(error instanceof WrongSecretError)) {
        loadLater(work, error)
        return
      }
      loaded = false // the other instances would reject what this one signs
      problem = 'signing keys missing: SECRET does not open them'
      logger.fatal({ event: 'signing_keys_refused' }, error.message)
    })
  const reload = () => loaded && void again(() => loadSigningKeys(deps))
  listener.subscribe({ onNotification: ({ kind }) => kind === 'keys' && reload(), onListening: reload })

  const make = async () => {
    await startSigningKeys(deps)
    await syncConfiguredWebhook(deps)
  }
  await load(make).catch((error: unknown) => {
    if (!isDatabaseOutage(error) && !isNotPrepared(error)) throw error
    loadLater(make, error)
  })
  return {
    problem: () => (loaded ? null : problem),
    stop: () => {
      stopped = true
      clearTimeout(retry)
    },
  }
}

/** undefined_table (Prisma's code and pg's), missing schema, missing privilege: an operator fixes these while the server retries. */
const NOT_PREPARED = new Set(['P2021', '42P01', '3F000', '42501'])

function isNotPrepared(error: unknown): boolean {
  return NOT_PREPARED.has(outageCode(error) ?? '')
}

async function createMails(deps: Deps, { inbox, mailContent: content }: BackgroundParts) {
  const { config, database, secrets, clock, logger, sampledLog, metrics } = deps
  const { mailFrom: from, replyTo, smtpName: name, production } = config
  const transport = inbox
    ? await inboxTransport(inbox, { from, replyTo })
    : createSmtpTransport({ url: config.smtpUrl ?? '', name, from, replyTo, production })
  const observer = {
    sent: (mail: string) => metrics.mailsSent.inc({ mail }),
    failed: (mail: string, reason: string) => metrics.mailsFailed.inc({ mail, reason }),
    skipped: (mail: string, reason: string) => metrics.mailsDropped.inc({ mail, reason }),
  }
  return {
    transport,
    delivery: new MailDelivery({ config, content, database, secrets, clock, logger, sampledLog, observer, transport }),
  }
}

async function refreshMetrics({ database, clock, metrics }: Deps, parts: BackgroundParts): Promise<void> {
  const { listener, hashQueue } = parts
  const { waiting: hashesWaiting, running } = hashQueue.stats()
  metrics.hashWaiting.set(hashesWaiting)
  metrics.hashRunning.set(running)
  const { totalCount, idleCount, waitingCount } = database.pool
  metrics.poolConnections.set({ state: 'busy' }, totalCount - idleCount)
  metrics.poolConnections.set({ state: 'idle' }, idleCount)
  metrics.poolWaiting.set(waitingCount)
  metrics.listening.set(listener.isListening() ? 1 : 0)
  try {
    const { waiting, oldestAge } = await queueState(database.prisma, clock.now())
    metrics.mailsWaiting.set(waiting)
    metrics.mailsOldest.set(oldestAge / SECOND)
    const webhooks = await webhookQueueState(database.prisma, clock.now())
    metrics.webhooksWaiting.set(webhooks.waiting)
    metrics.webhooksOldest.set(webhooks.oldestAge / SECOND)
  } catch (error) {
    if (!isDatabaseOutage(error)) throw error // during an outage the gauges keep their last values
  }
}
