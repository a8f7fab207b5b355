import { readEnvironment, resolveConfig } from '../../src/config/config'
import { OUTBOX } from '../../src/config/defaults'
import { deriveSecrets } from '../../src/crypto/secrets'
import type { Clock } from '../../src/lib/clock'
import { type MailContent, SHIPPED } from '../../src/mail/mailContent'
import { MailDelivery } from '../../src/mail/mailDelivery'
import type { SkipReason } from '../../src/mail/composedMail'
import { type MailTransport, createSmtpTransport } from '../../src/mail/smtpTransport'
import { createLogger } from '../../src/ops/logger'
import { createSampledLog } from '../../src/ops/sampledLog'
import { Dispatcher } from '../../src/outbox/dispatcher'
import { type Database, openDatabase } from '../../src/store/database'
import { Watched } from './smtp'

export const SECRET = 'the secret of the mail tests, long enough'

/** What was counted and logged, to wait for. */
export class Counted extends Watched {
  readonly log: string[] = []
  readonly sentMails: string[] = []
  readonly failures: [name: string, reason: string][] = []
  readonly drops: [name: string, reason: SkipReason][] = []

  sent(name: string): void {
    this.sentMails.push(name)
    this.wake()
  }
  failed(name: string, reason: string): void {
    this.failures.push([name, reason])
    this.wake()
  }
  skipped(name: string, reason: SkipReason): void {
    this.drops.push([name, reason])
    this.wake()
  }

  write(line: string): void {
    this.log.push(line)
    this.wake()
  }

  waitForLog(text: string, count = 1): Promise<true> {
    return this.until(() => this.log.filter((line) => line.includes(text)).length >= count || undefined)
  }
  waitForSent(count: number): Promise<true> {
    return this.until(() => this.sentMails.length >= count || undefined)
  }
  waitForFailures(count: number): Promise<true> {
    return this.until(() => this.failures.length >= count || undefined)
  }
  waitForDrops(count: number): Promise<true> {
    return this.until(() => this.drops.length >= count || undefined)
  }
}

export interface MailerOptions {
  databaseUrl: string
  smtpUrl: string
  clock: Clock
  production?: boolean
  secret?: string
  secretPrevious?: string
  /** Milliseconds. */
  firstRetry?: number
  lease?: number
  pollInterval?: number
  concurrency?: number
  content?: MailContent
}

/** One instance of what sends mails: a pool, a dispatcher, a transport. All its waits are short. */
export interface Mailer {
  database: Database
  transport: MailTransport
  counted: Counted
  dispatcher: Dispatcher
  stop(grace?: number): Promise<void>
}

export function startMailer(options: MailerOptions): Mailer {
  const { databaseUrl, smtpUrl, clock, production = false, secret = SECRET, secretPrevious = null } = options
  const counted = new Counted()
  const logger = createLogger({ level: 'debug', pretty: false, destination: counted })
  const database = openDatabase({ url: databaseUrl, poolSize: 10, onIdleError: () => undefined })
  const config = resolveConfig(
    readEnvironment({ PUBLIC_URL: 'https://auth.example.com', SMTP_URL: 'smtp://127.0.0.1:1' }),
  )
  const transport = createSmtpTransport({
    url: smtpUrl,
    name: config.smtpName,
    from: config.mailFrom,
    replyTo: config.replyTo,
    production,
  })
  const delivery = new MailDelivery({
    ...{
      database,
      transport,
      clock,
      logger,
      sampledLog: createSampledLog(logger),
      config,
      content: options.content ?? SHIPPED,
      observer: counted,
      concurrency: options.concurrency ?? 4,
      firstRetry: options.firstRetry ?? 10,
      probeInterval: 20,
    },
    secrets: deriveSecrets(secret, secretPrevious),
  })
  const { pollInterval = 20, lease = OUTBOX.lease } = options
  const dispatcher = new Dispatcher({ database, logger, kind: delivery, pollInterval, lease })
  let stopped: Promise<void> | null = null
  return {
    ...{ database, transport, counted, dispatcher },
    stop: (grace = 2_000) => (stopped ??= stop(grace)),
  }

  async function stop(grace: number): Promise<void> {
    await dispatcher.stop(grace)
    delivery.stop()
    await transport.close()
    await database.close()
  }
}
