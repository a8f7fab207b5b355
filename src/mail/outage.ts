import type { Logger } from '../ops/logger'
import { smtpFailure } from './failure'
import type { MailTransport } from './transport'

interface OutageOptions {
  transport: Pick<MailTransport, 'verify'>
  logger: Logger
  /** Milliseconds between two looks while the server is away. */
  interval: number
  /** Whether anything waits for the server: nobody knocks for nothing. */
  anyWaiting: () => Promise<boolean>
  /** Called when the server is back, and at the start: what an earlier run of the process left behind is due as well. */
  onBack: () => Promise<void>
}

/**
 * Tells a mail that fails from a server that does: after a suspicious failure the server is greeted once, and only if
 * that fails too is it away. From then on it is looked at until it greets again, and then all that waits is due at once.
 */
export class OutageWatch {
  private away = false
  private stopped = false
  private looking: Promise<void> | null = null
  private timer: NodeJS.Timeout | undefined

  constructor(private readonly options: OutageOptions) {
    void this.begin()
  }

  /** Whether the mail server is known to be away: then a try would only be lost time. */
  isAway(): boolean {
    return this.away
  }

  /** Looks at the server, once for all that ask meanwhile. Never throws. */
  look(): Promise<void> {
    this.looking ??= this.greet().finally(() => (this.looking = null))
    return this.looking
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
  }

  private async begin(): Promise<void> {
    await this.look()
    if (!this.away) await this.tellBack()
  }

  private async greet(): Promise<void> {
    const { transport, logger } = this.options
    try {
      await transport.verify()
    } catch (error) {
      if (!this.away && !this.stopped)
        logger.warn({ reason: smtpFailure(error).reason }, 'The mail server is away: mails wait')
      this.away = true
      this.later(() => this.lookIfNeeded())
      return
    }
    if (!this.away) return
    this.away = false
    logger.info('The mail server is back')
    await this.tellBack()
  }

  private async lookIfNeeded(): Promise<void> {
    const needed = await this.options.anyWaiting().catch(() => true)
    if (needed) return this.look()
    this.away = false
  }

  private async tellBack(): Promise<void> {
    try {
      await this.options.onBack()
    } catch {
      this.later(() => this.tellBack()) // the database is away: the mails are due once both are back
    }
  }

  private later(work: () => Promise<void>): void {
    clearTimeout(this.timer)
    if (this.stopped) return
    this.timer = setTimeout(() => void work(), this.options.interval)
    this.timer.unref()
  }
}
