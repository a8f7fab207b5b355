import type { Logger } from '../ops/logger'
import { smtpFailure } from './failure'

interface BreakerOptions {
  /** Throws while the mail server takes no mail. */
  probe: () => Promise<void>
  /** Milliseconds between two probes while the circuit is open. */
  interval: number
  /** Whether any mail waits for the server: without one there is no reason to connect. */
  isNeeded: () => Promise<boolean>
  logger: Logger
}

/**
 * Tells a mail that fails from a mail server that is down: after a failure that may be the server's, it is probed, and
 * the circuit opens only if the probe fails too. While it is open nothing is sent; probes go on until one succeeds.
 */
export class CircuitBreaker {
  private open = false
  private stopped = false
  private probing: Promise<void> | null = null
  private timer: NodeJS.Timeout | undefined

  /** Probes at once, so that wrong settings show in the log at the start. */
  constructor(private readonly options: BreakerOptions) {
    void this.check()
  }

  isOpen(): boolean {
    return this.open
  }

  /** Probes the server, once for all callers that wait meanwhile. Never throws. */
  check(): Promise<void> {
    this.probing ??= this.probe().finally(() => (this.probing = null))
    return this.probing
  }

  stop(): void {
    this.stopped = true
    clearTimeout(this.timer)
  }

  private async probe(): Promise<void> {
    const { probe, logger } = this.options
    try {
      await probe()
    } catch (error) {
      if (this.stopped) return
      const { reason, step, cause } = smtpFailure(error)
      if (!this.open) {
        logger.warn({ event: 'mail_server_away', reason, step, cause }, 'The mail server is away: mails wait')
      }
      this.open = true
      this.schedule()
      return
    }
    if (this.open) logger.info({ event: 'mail_server_back' }, 'The mail server is back')
    this.open = false
  }

  private schedule(): void {
    clearTimeout(this.timer)
    if (this.stopped) return
    this.timer = setTimeout(() => void this.probeIfNeeded(), this.options.interval)
    this.timer.unref()
  }

  private async probeIfNeeded(): Promise<void> {
    if (await this.options.isNeeded().catch(() => true)) return this.check()
    this.open = false // the next mail is the probe
  }
}
