import { createHash } from 'node:crypto'
import { MAIL } from '../config/defaults'
import type { Clock } from '../lib/clock'
import type { Logger } from '../ops/logger'
import type { SampledLog } from '../ops/sampledLog'
import { type Span, errorType, span } from '../ops/tracing'
import type { DeliveryKind, Outcome } from '../outbox/dispatcher'
import type { Database } from '../store/database'
import { type QueuedMail, deleteExpiredMails, deleteMail, dropMail, findMail, queueState } from '../store/outbox'
import { CircuitBreaker } from './circuitBreaker'
import { type SmtpFailure, smtpFailure } from './smtpFailure'
import { composeMail } from './composeMail'
import type { ComposeParts, SkipReason } from './composedMail'
import type { MailTransport } from './smtpTransport'

/** For metrics. `reason` is one of few values, never an address. */
export interface MailObserver {
  sent(name: string): void
  failed(name: string, reason: string): void
  skipped(name: string, reason: SkipReason): void
}

export interface DeliveryParts extends ComposeParts {
  database: Database
  transport: MailTransport
  clock: Clock
  logger: Logger
  sampledLog: SampledLog
  observer: MailObserver
  /** For tests. */
  concurrency?: number
  firstRetry?: number
  probeInterval?: number
}

/** Sends the mails of the outbox: at least once before they expire, never after. */
export class MailDelivery implements DeliveryKind {
  readonly table = 'mails'
  readonly concurrency: number
  readonly firstRetry: number
  readonly maxRetry = MAIL.maxRetry
  private readonly breaker: CircuitBreaker
  private stopped = false

  constructor(private readonly parts: DeliveryParts) {
    const { concurrency = MAIL.concurrency, firstRetry = MAIL.firstRetry, probeInterval = MAIL.probeInterval } = parts
    const { transport, logger } = parts
    this.concurrency = concurrency
    this.firstRetry = firstRetry
    this.breaker = new CircuitBreaker({
      ...{ logger, interval: probeInterval },
      probe: () => transport.verify(),
      isNeeded: () => this.hasQueuedMails(),
    })
  }

  mayLease(): boolean {
    return !this.breaker.isOpen()
  }

  async deliver(id: string): Promise<Outcome> {
    const { database } = this.parts
    const mail = await findMail(database.prisma, id)
    if (!mail) return 'settled' // deleted with its account
    const attributes = { 'gatehouse.mail': mail.name }
    return span(`mail ${mail.name}`, { attributes, kind: 'consumer', parent: mail.traceparent }, (current) =>
      this.attempt(mail, current),
    )
  }

  private async attempt(mail: QueuedMail, current: Pick<Span, 'set' | 'fail'>): Promise<Outcome> {
    const { database, transport, clock, observer, config } = this.parts
    const { id } = mail
    if (mail.expiresAt <= clock.now()) return this.skip(mail, 'expired')
    if (this.breaker.isOpen()) return 'unavailable' // opened after this mail was leased
    const composed = await composeMail(this.parts, mail)
    if ('skipped' in composed) return this.skip(mail, composed.skipped)
    if (composed.missing !== undefined) this.reportTemplate(mail, composed.missing)
    const messageId = `<${messageIdOf(id)}@${new URL(config.publicUrl).hostname}>`
    try {
      await span('smtp', { kind: 'client' }, () => transport.send({ ...composed, messageId, to: mail.recipient }))
    } catch (error) {
      current.fail(errorType(error))
      return this.fail(mail, error)
    }
    current.set({ 'gatehouse.outcome': 'sent' })
    await deleteMail(database.prisma, id)
    observer.sent(mail.name)
    return 'settled'
  }

  stop(): void {
    this.stopped = true
    this.breaker.stop()
  }

  private async skip(mail: QueuedMail, reason: SkipReason): Promise<Outcome> {
    const { database, observer, logger } = this.parts
    await dropMail(database.prisma, mail.id)
    observer.skipped(mail.name, reason)
    if (reason === 'capped') {
      logger.warn({ event: 'mail_capped', mail: mail.name }, 'The mail quota of an address is spent')
    }
    return 'settled'
  }

  private async fail(mail: QueuedMail, error: unknown): Promise<Outcome> {
    if (this.stopped) return 'unavailable' // the shutdown closed the connection
    const failure = smtpFailure(error)
    this.parts.observer.failed(mail.name, failure.reason)
    this.log(mail, failure)
    if (failure.outcome === 'refused') {
      await dropMail(this.parts.database.prisma, mail.id)
      return 'settled'
    }
    if (failure.connectionProblem) await this.breaker.check()
    return this.breaker.isOpen() ? 'unavailable' : 'failed'
  }

  private reportTemplate({ id, name }: QueuedMail, placeholder: string): void {
    const { observer, sampledLog, logger } = this.parts
    observer.failed(name, 'template')
    const line = { event: 'mail_template_failed', mailId: id, mail: name, placeholder }
    const message = 'A changed template asks for a value that its mail does not have: the shipped one was sent instead'
    sampledLog(logger, line, { level: 'error', message })
  }

  private log(mail: QueuedMail, { outcome, reason, step, cause }: SmtpFailure): void {
    const { logger, sampledLog } = this.parts
    const line = { mailId: mail.id, mail: mail.name, attempt: mail.attempts + 1, reason, step, cause }
    if (outcome === 'refused') {
      const message = 'The server rejected a mail permanently'
      sampledLog(logger, { event: 'mail_refused', ...line }, { level: 'error', message })
    } else {
      sampledLog(logger, { event: 'mail_failed', ...line }, { level: 'warn', message: 'A mail failed and is retried' })
    }
  }

  /** Also deletes expired mails: no instance leases them while its circuit is open. */
  private async hasQueuedMails(): Promise<boolean> {
    const { database, clock, observer } = this.parts
    for (const name of await deleteExpiredMails(database.prisma, clock.now())) observer.skipped(name, 'expired')
    return (await queueState(database.prisma, clock.now())).waiting > 0
  }
}

/**
 * The same for every attempt, so that mail programs recognise a duplicate. A digest, because the link's token is derived
 * from the row's id and every server on the way reads the Message-ID.
 */
function messageIdOf(id: string): string {
  return createHash('sha256').update(`message-id:${id}`).digest('hex').slice(0, 32)
}
