import { SESSION } from './config/defaults'
import type { Inbox } from './dev/inbox/store'
import { inboxTransport } from './development'
import type { MailContent } from './mail/mailContent'
import { MailDelivery } from './mail/mailDelivery'
import { createSmtpTransport } from './mail/smtpTransport'
import { Dispatcher } from './outbox/dispatcher'
import { type PeriodicTask, startPeriodic } from './outbox/periodic'
import type { Deps } from './services/deps'
import { purgeExpired } from './services/purgeExpired'
import { removeDueSecondFactors } from './services/removeSecondFactors'
import { rotateSigningKeys } from './services/signingKeys'
import { warnOfExpiringKeys } from './services/warnOfExpiringKeys'
import type { NotificationListener } from './store/notificationListener'
import { deleteExpiredSuccessors } from './store/refreshTokens'
import { WebhookDelivery } from './webhooks/webhookDelivery'

const SECOND = 1_000
const HOUR = 3_600_000

/** Delivery of mails and webhooks, and periodic work. */
export interface Deliveries {
  /** Once the signing keys are loaded. Safe to call again. */
  start: () => void
  /** Leases no more mails and webhooks, and waits SHUTDOWN_GRACE at most for those in flight. */
  stop: () => Promise<void>
}

export interface DeliveryParts {
  mailContent: MailContent
  /** Null if mails are sent by SMTP. */
  inbox: Inbox | null
  listener: NotificationListener
  /** Whether expired rows are purged and keys rotated. */
  periodic: boolean
}

export async function createDeliveries(deps: Deps, parts: DeliveryParts): Promise<Deliveries> {
  const { database, logger, config } = deps
  const { delivery, transport } = await createMails(deps, parts)
  const webhooks = new WebhookDelivery({
    ...deps,
    observe: (outcome) => deps.metrics.webhookAttempts.inc({ outcome }),
  })
  let dispatchers: { mails: Dispatcher; webhooks: Dispatcher } | undefined
  let stopPeriodic: (() => Promise<void>) | undefined
  parts.listener.subscribe({
    onNotification: ({ kind }) => (kind === 'mails' || kind === 'webhooks') && dispatchers?.[kind].wake(),
    onListening: () => {
      dispatchers?.mails.wake()
      dispatchers?.webhooks.wake()
    },
  })
  return {
    start: () => {
      dispatchers ??= {
        mails: new Dispatcher({ database, logger, kind: delivery }),
        webhooks: new Dispatcher({ database, logger, kind: webhooks }),
      }
      if (parts.periodic) stopPeriodic ??= startPeriodic(periodicTasks(deps), logger)
    },
    stop: async () => {
      const { shutdownGrace: grace } = config
      await Promise.all([dispatchers?.mails.stop(grace), dispatchers?.webhooks.stop(grace), stopPeriodic?.()])
      delivery.stop()
      await transport.close()
    },
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

async function createMails(deps: Deps, { inbox, mailContent: content }: DeliveryParts) {
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
