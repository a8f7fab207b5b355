import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { PASSWORD } from '../config/defaults'
import { OverloadedError } from '../errors/userErrors'
import type { Logger } from '../ops/logger'
import type { Strength } from './strengthEstimate'
import type { StrengthRequest } from './strengthWorker'

export type { Strength } from './strengthEstimate'

/** The compiled worker, since a thread runs JavaScript only. The path holds from dist/passwords and from src/passwords. */
const WORKER_FILE = join(__dirname, '../../dist/passwords/strengthWorker.js')
/** Milliseconds without a request after which the thread ends and frees its 70 MB. */
const IDLE_TIMEOUT = 5 * 60_000
/** Maximum number of waiting requests: at about 20 ms each the last one takes one to two seconds. */
const MAX_PENDING = 64
/** Megabytes. The dictionaries need 45; an estimate that needs much more must not exhaust the server's memory. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 }

export interface StrengthEstimator {
  /**
   * How well a password resists guessing, and how to improve it. `context` are words that an attacker knows: address,
   * display name, product, host. Only the first 64 code points are read. Throws an OverloadedError if too many requests wait, or
   * if the thread dies or times out.
   */
  estimate(password: string, context: readonly string[]): Promise<Strength>
  close(): Promise<void>
}

interface Pending {
  resolve: (strength: Strength) => void
  reject: (failure: Error) => void
}

interface EstimatorOptions {
  logger: Pick<Logger, 'error'>
  idleTimeout?: number
}

/** Estimates on one thread, which starts at the first request and ends when it has been idle for a while. */
export function startStrengthEstimator({ logger, idleTimeout = IDLE_TIMEOUT }: EstimatorOptions): StrengthEstimator {
  let thread: StrengthThread | null = null
  return {
    async estimate(password, context) {
      if (!thread?.alive) thread = new StrengthThread(logger, idleTimeout)
      return thread.estimate({ password, context })
    },
    async close() {
      await thread?.end()
    },
  }
}

class StrengthThread {
  alive = true
  private started = false
  private readonly worker = new Worker(WORKER_FILE, { resourceLimits: RESOURCE_LIMITS })
  private readonly pending: Pending[] = []
  private timer: NodeJS.Timeout

  constructor(
    private readonly logger: Pick<Logger, 'error'>,
    private readonly idleTimeout: number,
  ) {
    this.worker.unref()
    this.worker.on('message', (message: Strength | 'ready') => this.received(message))
    this.worker.on('error', (failure: Error & { code?: string }) => this.fail(failure.code ?? failure.name))
    this.worker.on('exit', (code) => this.fail(`exit ${code}`))
    this.timer = this.failIn(PASSWORD.estimatorStartTimeout)
  }

  estimate(request: StrengthRequest): Promise<Strength> {
    if (this.pending.length >= MAX_PENDING) return Promise.reject(new OverloadedError(1))
    return new Promise((resolve, reject) => {
      if (this.started && this.pending.length === 0) this.startTimeout()
      this.pending.push({ resolve, reject })
      this.worker.postMessage(request)
    })
  }

  /** Ends the thread; requests that still wait are refused. */
  async end(): Promise<void> {
    this.alive = false
    clearTimeout(this.timer)
    for (const { reject } of this.pending.splice(0)) reject(new OverloadedError(1))
    await this.worker.terminate()
  }

  /** Estimates come in the order of the requests. The timeout counts for each one alone. */
  private received(message: Strength | 'ready'): void {
    if (message === 'ready') this.started = true
    else this.pending.shift()?.resolve(message)
    if (this.pending.length > 0) this.startTimeout()
    else this.startIdleTimeout()
  }

  private startTimeout(): void {
    clearTimeout(this.timer)
    this.timer = this.failIn(PASSWORD.estimateTimeout)
  }

  private startIdleTimeout(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.end(), this.idleTimeout).unref()
  }

  private failIn(timeout: number): NodeJS.Timeout {
    return setTimeout(() => this.fail('timeout'), timeout).unref()
  }

  /** The next request starts a new thread. `reason` is a name or code: a message might quote the password. */
  private fail(reason: string): void {
    if (!this.alive) return
    this.logger.error({ reason }, 'The thread that estimates passwords failed and is replaced')
    void this.end()
  }
}
