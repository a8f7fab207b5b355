import { FairQueue } from './fairQueue'
import type { HashRequest } from './hashRequest'
import { AbandonedError } from '../errors/requestErrors'
import { OverloadedError } from '../errors/userErrors'
import { span } from '../ops/tracing'

/** Milliseconds that a hash is expected to take before one was measured: bcrypt of cost 12 on a common core. */
const INITIAL_ESTIMATE = 250
/** The weight of the newest measurement in the moving average: a change of load is seen within about eight hashes. */
const NEWEST_WEIGHT = 1 / 8
/** Requests are admitted up to this part of `maxWait`: the rest absorbs hashes that take longer than the average. */
const ADMITTED_PART = 0.9
/** Milliseconds: no refused request is told to return later than this, however many were refused before it. */
const LONGEST_RETURN = 30_000
/** Bounds memory only: the expected wait leads to a refusal far earlier, unless hashes are very cheap. */
const MAX_WAITING = 10_000

/** What the metrics count. Times in milliseconds. */
export interface HashQueueObserver {
  refused(): void
  /** Waited, and left the queue without a hash: its client had disconnected, or `maxWait` was over. */
  dropped(): void
  waited(milliseconds: number): void
  ran(milliseconds: number): void
}

interface HashQueueOptions {
  concurrency: number
  /** Milliseconds. */
  maxWait: number
  observe: HashQueueObserver
}

/**
 * Limits how many hashes run at once, since each keeps a core busy, and is fair between clients: in a FIFO queue the client
 * with the most requests would determine how long the others wait.
 */
export class HashQueue {
  private readonly waiting = new FairQueue<() => void>()
  private running = 0
  private average: number | null = null
  /** When the request that was refused last may return, by `performance.now()`. */
  private lastReturn = 0

  constructor(private readonly options: HashQueueOptions) {}

  stats(): { waiting: number; running: number } {
    return { waiting: this.waiting.size, running: this.running }
  }

  /**
   * Throws the OverloadedError that `run` would throw now. Called before the work that leads to a hash, so that a refusal is
   * cheap.
   */
  assertCapacity({ client }: HashRequest): void {
    const refusal = this.running < this.options.concurrency ? null : this.refusalFor(client)
    if (refusal) throw this.refused(refusal)
  }

  /**
   * Runs `work` as soon as the queue allows. Throws an OverloadedError at once if the expected wait is too long, and after
   * `maxWait` if it became so; an AbandonedError if the signal aborts while it waits. Work that has begun is finished.
   */
  async run<T>(request: HashRequest, work: () => Promise<T>): Promise<T> {
    if (request.signal.aborted) throw this.abandoned()
    const arrived = performance.now()
    if (this.running < this.options.concurrency) this.running += 1
    else await span('hash queue', {}, () => this.waitToRun(request))

    const started = performance.now()
    this.options.observe.waited(started - arrived)
    try {
      return await span('password hash', {}, work)
    } finally {
      this.record(performance.now() - started)
      this.startNext()
    }
  }

  /** Measures one hash of an entry for the metrics: an entry may compare with several. */
  async timed<T>(hash: () => Promise<T>): Promise<T> {
    const started = performance.now()
    const result = await hash()
    this.options.observe.ran(performance.now() - started)
    return result
  }

  /** Runs `work` at once, beside the queue: its time is the estimate until hashes of requests have been measured. */
  async measure(work: () => Promise<unknown>): Promise<void> {
    const started = performance.now()
    await work()
    this.average ??= performance.now() - started
  }

  /** Resolves when the request may run and is already counted as running. */
  private waitToRun({ client, signal }: HashRequest): Promise<void> {
    const refusal = this.refusalFor(client)
    if (refusal) return Promise.reject(this.refused(refusal))
    return new Promise((resolve, reject) => {
      const stopWaiting = (): void => {
        clearTimeout(deadline)
        signal.removeEventListener('abort', abandon)
      }
      const start = (): void => {
        stopWaiting()
        resolve()
      }
      const giveUp = (failure: () => Error): void => {
        stopWaiting()
        this.waiting.remove(client, start)
        reject(failure())
      }
      const abandon = (): void => giveUp(() => this.abandoned())
      const deadline = setTimeout(() => giveUp(() => this.overdue()), this.options.maxWait)
      signal.addEventListener('abort', abandon)
      this.waiting.push(client, start)
    })
  }

  /** The error for a request that would wait too long; null if it may wait. */
  private refusalFor(client: string): OverloadedError | null {
    const { concurrency, maxWait } = this.options
    // Pessimistic: counts running hashes as just started. Refusing early is better than after the wait.
    const hashesBefore = Math.ceil((this.waiting.waitingBefore(client) + 1) / concurrency)
    const wait = hashesBefore * this.estimate()
    const longest = maxWait * ADMITTED_PART
    if (wait < longest && this.waiting.size < MAX_WAITING) return null
    return new OverloadedError(this.secondsToReturn(wait - longest))
  }

  /**
   * Each refused request returns one hash later than the one refused before it. If all were told the same second, most would
   * be refused again, and their refusals would take the processor from those that hash.
   */
  private secondsToReturn(untilCapacity: number): number {
    const now = performance.now()
    const next = Math.max(now + untilCapacity, this.lastReturn + this.estimate() / this.options.concurrency)
    this.lastReturn = Math.min(next, now + LONGEST_RETURN)
    return Math.max(1, Math.ceil((this.lastReturn - now) / 1000))
  }

  /** Milliseconds that a hash is expected to take. */
  private estimate(): number {
    return this.average ?? INITIAL_ESTIMATE
  }

  private refused(refusal: OverloadedError): OverloadedError {
    this.options.observe.refused()
    return refusal
  }

  private startNext(): void {
    const start = this.waiting.shift()
    if (start) start()
    else this.running -= 1
  }

  private record(duration: number): void {
    this.average = this.average === null ? duration : this.average + (duration - this.average) * NEWEST_WEIGHT
  }

  private abandoned(): AbandonedError {
    this.options.observe.dropped()
    return new AbandonedError()
  }

  /** Later requests of other networks were served first. The client is still connected and may retry. */
  private overdue(): OverloadedError {
    this.options.observe.dropped()
    return new OverloadedError(1)
  }
}
