import { createHash } from 'node:crypto'
import { MAIL } from '../config/defaults'
import type { Clock } from '../lib/clock'
import type { Logger } from '../ops/logger'
import { createSampler } from '../ops/sampler'
import type { DeliveryKind, Outcome } from '../outbox/dispatcher'
import type { Database } from '../store/database'
import { type QueuedMail, deleteExpiredMails, deleteMail, findMail, queueState } from '../store/mails'
import { CircuitBreaker } from './circuitBreaker'
import { smtpFailure } from './failure'
import { type DropReason, type PrepareParts, prepareMail } from './prepare'
import type { MailTransport } from './transport'

/** What is counted. `reason` is a label of few values, never an address. */
export interface MailObserver {
  sent(name: string): void
  failed(name: string, reason: string): void
  dropped(name: string, reason: DropReason): void
}

export interface DeliveryParts extends PrepareParts {
  database: Database
  transport: MailTransport
  clock: Clock
  logger: Logger
  observer: MailObserver
  /** For tests. */
  concurrency?: number
  firstRetry?: number
  probeInterval?: number
}

export type MailDelivery = DeliveryKind & { stop(): void }

/** Sends the mails of the outbox: at least once while they are of use, never later. */
export function createDelivery(parts: DeliveryParts): MailDelivery {
  const { database, transport, clock, logger, observer } = parts
  const { concurrency = MAIL.concurrency, firstRetry = MAIL.firstRetry, probeInterval = MAIL.probeInterval } = parts
  const db = database.prisma
  const { hostname } = new URL(parts.config.publicUrl)
  const sample = createSampler(MAIL.failureLines)
  let stopped = false
  const breaker = new CircuitBreaker({
    ...{ logger, interval: probeInterval, probe: () => transport.verify() },
    isNeeded: async () => {
      for (const name of await deleteExpiredMails(db, clock.now())) observer.dropped(name, 'expired')
      return (await queueState(db, clock.now())).waiting > 0
    },
  })
  return {
    ...{ table: 'mails', concurrency, firstRetry, maxRetry: MAIL.maxRetry, deliver },
    mayClaim: () => !breaker.isOpen(),
    stop: () => {
      stopped = true
      breaker.stop()
    },
  }

  async function deliver(id: string): Promise<Outcome> {
    const mail = await findMail(db, id)
    if (!mail) return 'settled' // its owner has left
    if (mail.expiresAt <= clock.now()) return drop(mail, 'expired')
    if (breaker.isOpen()) return 'unavailable' // opened while this one was claimed
    const prepared = await prepareMail(parts, mail)
    if ('dropped' in prepared) return drop(mail, prepared.dropped)
    try {
      await transport.send({ ...prepared, messageId: `<${messageIdOf(id)}@${hostname}>`, to: mail.recipient })
    } catch (error) {
      return fail(mail, error)
    }
    await deleteMail(db, id)
    observer.sent(mail.name)
    return 'settled'
  }

  async function drop(mail: QueuedMail, reason: DropReason): Promise<Outcome> {
    await deleteMail(db, mail.id)
    observer.dropped(mail.name, reason)
    return 'settled'
  }

  async function fail(mail: QueuedMail, error: unknown): Promise<Outcome> {
    if (stopped) return 'unavailable' // we ended the session ourselves
    const { verdict, connectionProblem, reason, step, cause } = smtpFailure(error)
    observer.failed(mail.name, reason)
    const refused = verdict === 'refused'
    const omitted = sample()
    if (omitted !== null) {
      const line = { mailId: mail.id, mail: mail.name, attempt: mail.attempts + 1, reason, step, cause, omitted }
      if (refused) logger.error({ event: 'mail_refused', ...line }, 'A mail was refused and given up')
      else logger.warn({ event: 'mail_failed', ...line }, 'A mail was not taken and is tried again')
    }
    if (refused) {
      await deleteMail(db, mail.id)
      return 'settled'
    }
    if (connectionProblem) await breaker.check()
    return breaker.isOpen() ? 'unavailable' : 'failed'
  }
}

/**
 * The same for every attempt, so that mail programs recognise a copy. Not the row's id: the link's token is derived from
 * that one, and this one is shown to everybody who handles the mail.
 */
function messageIdOf(id: string): string {
  return createHash('sha256').update(`message-id:${id}`).digest('hex').slice(0, 32)
}
