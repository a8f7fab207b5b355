import type { Logger } from '../ops/logger'
import { smtpFailure } from './smtpFailure'

interface BreakerOptions {
  /** Throws if the mail server cannot be used. */
  probe: () => Promise<void>
  /** Milliseconds between two probes while the circuit is open. */
  interval: number
  /** Whether any mail is queued: without one there is no reason to connect. */
  isNeeded: () => Promise<boolean>
  logger: Logger
}

/**
 * Distinguishes a failing mail from a failing mail server: after a connection problem it probes the server, and the circuit
 * opens only if the probe fails too. While it is open nothing is sent, and the server is probed until a probe succeeds.
 */
export class CircuitBreaker {
  private open = false
  private stopped = false
  private probing: Promise<void> | null = null
  private timer: NodeJS.Timeout | undefined

  /** Probes immediately, so that wrong settings are logged at the start. */
  constructor(private readonly options: BreakerOptions) {
    void this.check()
  }

  isOpen(): boolean {
    return this.open
  }

  /** Probes the server; concurrent callers share one probe. Never throws. */
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
        logger.warn({ event: 'mail_server_down', reason, step, cause }, 'The mail server is down: mails are kept')
      }
      this.open = true
      this.schedule()
      return
    }
    if (this.open) logger.info({ event: 'mail_server_up' }, 'The mail server is up again')
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
