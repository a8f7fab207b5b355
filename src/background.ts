import type { Deliveries, DeliveryParts } from './deliveries'
import { isDatabaseOutage, outageCode } from './errors/outage'
import { describeDatabaseError } from './ops/readiness'
import type { HashQueue } from './passwords/hashQueue'
import type { Deps } from './services/deps'
import { syncConfiguredWebhook } from './services/configuredWebhook'
import { checkRpId } from './services/passkeyRpId'
import { WrongSecretError, loadSigningKeys, startSigningKeys } from './services/signingKeys'
import type { NotificationListener } from './store/notificationListener'
import { queueState } from './store/outbox'
import { webhookQueueState } from './store/webhookDeliveries'

const SECOND = 1_000

/** Work that no request triggers: delivery of mails and webhooks, periodic tasks, loading of signing keys. */
export interface Background {
  /** Why the signing keys are not loaded, in words; null when they are. */
  keysProblem: () => string | null
  /** Updates the gauges of the outbox, the hash queue and the listener. */
  refreshMetrics: () => Promise<void>
  /**
   * Delivers mails and webhooks and does the periodic work from now on. Called once the server listens: what delivers is loaded
   * only now, and not at all by a server that leaves it to workers.
   */
  beginDeliveries: () => Promise<void>
  /** Leases no more mails and webhooks, and waits SHUTDOWN_GRACE at most for those in flight. Safe to call twice. */
  stop: () => Promise<void>
}

interface BackgroundParts extends DeliveryParts {
  hashQueue: HashQueue
}

/**
 * Throws a WrongSecretError, or a ConfigError for another PASSKEY_RP_ID. While the database is unreachable or not migrated, it
 * retries instead.
 */
export async function startBackground(deps: Deps, parts: BackgroundParts): Promise<Background> {
  let deliveries: Deliveries | undefined
  let stopping: Promise<void> | undefined
  // Loading the keys proves that the database is migrated: earlier, every query for due mails would fail.
  const keys = await startKeys(deps, { listener: parts.listener, onLoaded: () => deliveries?.start() })
  if (keys.problem() === null) await checkRpId(deps)
  return {
    keysProblem: keys.problem,
    refreshMetrics: () => refreshMetrics(deps, parts),
    beginDeliveries: async () => {
      const { createDeliveries } = await import('./deliveries')
      deliveries = await createDeliveries(deps, parts)
      if (keys.problem() === null) deliveries.start()
    },
    stop: () => (stopping ??= stop()),
  }

  async function stop(): Promise<void> {
    keys.stop()
    await deliveries?.stop()
  }
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
