import { MAIL } from '../config/defaults'
import type { Clock } from '../lib/clock'
import type { Logger } from '../ops/logger'
import type { Database } from '../store/database'
import { type QueuedMail, deleteMail, findMail, makeMailsDue, postponeMail, queueState } from '../store/mails'
import { smtpFailure } from './failure'
import { OutageWatch } from './outage'
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
  /** Milliseconds; for tests. */
  firstRetry?: number
  probeInterval?: number
}

export interface Delivery {
  /** The task of the queue: sends the mail that the job names, or sets its next try. */
  sendMail(payload: unknown): Promise<void>
  stop(): void
}

/** Takes mails from the outbox to the transport: at least once while they are of use, never later. */
export function createDelivery(parts: DeliveryParts): Delivery {
  const { database, transport, clock, logger, observer, probeInterval = MAIL.probeInterval } = parts
  const db = database.prisma
  const outage = new OutageWatch({
    transport,
    logger,
    interval: probeInterval,
    anyWaiting: async () => (await queueState(db, clock.now())).waiting > 0,
    onBack: () => makeMailsDue(db),
  })
  return { sendMail, stop: () => outage.stop() }

  async function sendMail(payload: unknown): Promise<void> {
    const mail = await findMail(db, mailIdOf(payload))
    if (!mail) return // sent before a crash, or its owner has left
    if (mail.expiresAt <= clock.now()) return drop(mail, 'expired')
    if (outage.isAway()) return waitForServer(mail)

    const prepared = await prepareMail(parts, mail)
    if ('dropped' in prepared) return drop(mail, prepared.dropped)
    const { host } = new URL(parts.config.publicUrl)
    try {
      await transport.send({ ...prepared, messageId: `<${mail.id}@${host.replace(/:\d+$/, '')}>`, to: mail.recipient })
    } catch (error) {
      return fail(mail, error)
    }
    await deleteMail(db, mail.id)
    observer.sent(mail.name)
  }

  async function drop(mail: QueuedMail, reason: DropReason): Promise<void> {
    await deleteMail(db, mail.id)
    observer.dropped(mail.name, reason)
  }

  async function fail(mail: QueuedMail, error: unknown): Promise<void> {
    const { verdict, suspicious, reason, command } = smtpFailure(error)
    observer.failed(mail.name, reason)
    if (verdict === 'refused') {
      logger.error({ mailId: mail.id, mail: mail.name, reason, command }, 'A mail was refused and given up')
      return deleteMail(db, mail.id)
    }
    logger.warn({ mailId: mail.id, mail: mail.name, reason, command }, 'A mail was not taken and is tried again')
    if (suspicious) await outage.look()
    await postponeMail(db, mail.id, { attempts: mail.attempts + 1, delay: backOff(mail.attempts, parts.firstRetry) })
  }

  /** Not counted as a try: when the server is back, the tries after it are as close together as the first ones. */
  async function waitForServer(mail: QueuedMail): Promise<void> {
    await postponeMail(db, mail.id, { attempts: mail.attempts, delay: MAIL.maxRetry })
    // It may have come back between the question and the answer, and would not call this mail again.
    if (!outage.isAway()) await makeMailsDue(db)
  }
}

/** Milliseconds before the next try: doubled each time up to a cap, spread by a quarter so that tries do not march in step. */
function backOff(attempts: number, firstRetry: number = MAIL.firstRetry): number {
  return Math.min(firstRetry * 2 ** attempts, MAIL.maxRetry) * (0.75 + Math.random() / 2)
}

function mailIdOf(payload: unknown): string {
  const id = (payload as { mailId?: unknown } | null)?.mailId
  if (typeof id !== 'string') throw new Error('A mail job without a mailId')
  return id
}
