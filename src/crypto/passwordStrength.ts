import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { PASSWORD } from '../config/defaults'
import { OverloadedError } from '../errors/userErrors'
import type { Logger } from '../ops/logger'
import type { Strength } from './strengthEstimate'
import type { StrengthQuestion } from './strengthWorker'

export type { Strength } from './strengthEstimate'

/** The compiled worker, seen from dist/crypto and from src/crypto alike: a thread runs JavaScript only. */
const WORKER_FILE = join(__dirname, '../../dist/crypto/strengthWorker.js')
/** Milliseconds without a question after which the thread ends and gives back its 70 MB. */
const IDLE_TIMEOUT = 5 * 60_000
/** Questions that wait at most: with some 20 ms each the last is answered within a second or two. */
const MAX_PENDING = 64
/** Megabytes. The dictionaries need 45; whatever more an estimate takes must not be the server's. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 }

export interface StrengthEstimator {
  /**
   * How well a password stands against guessing, and what to do better. `context` is what anybody knows of the account:
   * address, name, product, host. Only the first 64 code points are read. Throws an OverloadedError where too many wait,
   * or the thread dies or hangs; a busy machine only makes it slow.
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

/** Estimates on one thread, begun at the first question and ended when none has come for a while. */
export function startStrengthEstimator({ logger, idleTimeout = IDLE_TIMEOUT }: EstimatorOptions): StrengthEstimator {
  let thread: StrengthThread | null = null
  return {
    async estimate(password, context) {
      if (!thread?.alive) thread = new StrengthThread(logger, idleTimeout)
      return thread.ask({ password, context })
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
    this.worker.on('message', (answer: Strength | 'ready') => this.answered(answer))
    this.worker.on('error', (failure: Error & { code?: string }) => this.fail(failure.code ?? failure.name))
    this.worker.on('exit', (code) => this.fail(`exit ${code}`))
    this.timer = this.failIn(PASSWORD.estimatorStartTimeout)
  }

  ask(question: StrengthQuestion): Promise<Strength> {
    if (this.pending.length >= MAX_PENDING) return Promise.reject(new OverloadedError(1))
    return new Promise((resolve, reject) => {
      if (this.started && this.pending.length === 0) this.expectAnswer()
      this.pending.push({ resolve, reject })
      this.worker.postMessage(question)
    })
  }

  /** Ends the thread; whoever still waits is refused. */
  async end(): Promise<void> {
    this.alive = false
    clearTimeout(this.timer)
    for (const { reject } of this.pending.splice(0)) reject(new OverloadedError(1))
    await this.worker.terminate()
  }

  /** Answers come in the order of the questions. Each one gives the next its full time. */
  private answered(answer: Strength | 'ready'): void {
    if (answer === 'ready') this.started = true
    else this.pending.shift()?.resolve(answer)
    if (this.pending.length > 0) this.expectAnswer()
    else this.rest()
  }

  private expectAnswer(): void {
    clearTimeout(this.timer)
    this.timer = this.failIn(PASSWORD.estimateTimeout)
  }

  private rest(): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.end(), this.idleTimeout).unref()
  }

  private failIn(timeout: number): NodeJS.Timeout {
    return setTimeout(() => this.fail('timeout'), timeout).unref()
  }

  /** The next question begins a new thread. `reason` is a name or code: a message might quote the password. */
  private fail(reason: string): void {
    if (!this.alive) return
    this.logger.error({ reason }, 'The thread that estimates passwords failed and is replaced')
    void this.end()
  }
}
