import { createHash } from 'node:crypto'
import { MAIL } from '../config/defaults'
import type { Clock } from '../lib/clock'
import type { Logger } from '../ops/logger'
import { createSampler } from '../ops/sampler'
import type { DeliveryKind, Outcome } from '../outbox/dispatcher'
import type { Database } from '../store/database'
import { type QueuedMail, deleteExpiredMails, deleteMail, dropMail, findMail, queueState } from '../store/mails'
import { CircuitBreaker } from './circuitBreaker'
import { type SmtpFailure, smtpFailure } from './failure'
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

/** Sends the mails of the outbox: at least once while they are of use, never later. */
export class MailDelivery implements DeliveryKind {
  readonly table = 'mails'
  readonly concurrency: number
  readonly firstRetry: number
  readonly maxRetry = MAIL.maxRetry
  private readonly breaker: CircuitBreaker
  private readonly sample = createSampler(MAIL.failureLines)
  private stopped = false

  constructor(private readonly parts: DeliveryParts) {
    const { concurrency = MAIL.concurrency, firstRetry = MAIL.firstRetry, probeInterval = MAIL.probeInterval } = parts
    const { transport, logger } = parts
    this.concurrency = concurrency
    this.firstRetry = firstRetry
    this.breaker = new CircuitBreaker({
      ...{ logger, interval: probeInterval },
      probe: () => transport.verify(),
      isNeeded: () => this.anyWaiting(),
    })
  }

  mayClaim(): boolean {
    return !this.breaker.isOpen()
  }

  async deliver(id: string): Promise<Outcome> {
    const { database, transport, clock, observer, config } = this.parts
    const mail = await findMail(database.prisma, id)
    if (!mail) return 'settled' // its owner has left
    if (mail.expiresAt <= clock.now()) return this.drop(mail, 'expired')
    if (this.breaker.isOpen()) return 'unavailable' // opened while this one was claimed
    const prepared = await prepareMail(this.parts, mail)
    if ('dropped' in prepared) return this.drop(mail, prepared.dropped)
    const messageId = `<${messageIdOf(id)}@${new URL(config.publicUrl).hostname}>`
    try {
      await transport.send({ ...prepared, messageId, to: mail.recipient })
    } catch (error) {
      return this.fail(mail, error)
    }
    await deleteMail(database.prisma, id)
    observer.sent(mail.name)
    return 'settled'
  }

  stop(): void {
    this.stopped = true
    this.breaker.stop()
  }

  private async drop(mail: QueuedMail, reason: DropReason): Promise<Outcome> {
    const { database, observer, logger } = this.parts
    await dropMail(database.prisma, mail.id)
    observer.dropped(mail.name, reason)
    if (reason === 'capped') {
      logger.warn({ event: 'mail_capped', mail: mail.name }, 'An address has had its mails of this kind for now')
    }
    return 'settled'
  }

  private async fail(mail: QueuedMail, error: unknown): Promise<Outcome> {
    if (this.stopped) return 'unavailable' // we ended the session ourselves
    const failure = smtpFailure(error)
    this.parts.observer.failed(mail.name, failure.reason)
    this.log(mail, failure)
    if (failure.verdict === 'refused') {
      await dropMail(this.parts.database.prisma, mail.id)
      return 'settled'
    }
    if (failure.connectionProblem) await this.breaker.check()
    return this.breaker.isOpen() ? 'unavailable' : 'failed'
  }

  private log(mail: QueuedMail, { verdict, reason, step, cause }: SmtpFailure): void {
    const omitted = this.sample()
    if (omitted === null) return
    const { logger } = this.parts
    const line = { mailId: mail.id, mail: mail.name, attempt: mail.attempts + 1, reason, step, cause, omitted }
    if (verdict === 'refused') logger.error({ event: 'mail_refused', ...line }, 'A mail was refused and given up')
    else logger.warn({ event: 'mail_failed', ...line }, 'A mail was not taken and is tried again')
  }

  /** Mails that expired meanwhile are dropped here, since nothing claims them while the circuit is open. */
  private async anyWaiting(): Promise<boolean> {
    const { database, clock, observer } = this.parts
    for (const name of await deleteExpiredMails(database.prisma, clock.now())) observer.dropped(name, 'expired')
    return (await queueState(database.prisma, clock.now())).waiting > 0
  }
}

/**
 * The same for every attempt, so that mail programs recognise a copy. Not the row's id: the link's token is derived from
 * that one, and this one is shown to everybody who handles the mail.
 */
function messageIdOf(id: string): string {
  return createHash('sha256').update(`message-id:${id}`).digest('hex').slice(0, 32)
}
