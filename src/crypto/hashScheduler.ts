import type { Turn } from './turn'
import { TurnQueue } from './turnQueue'
import { AbandonedError } from '../errors/requestErrors'
import { OverloadedError } from '../errors/userErrors'

/** Milliseconds that a hash is taken to need before the first one was measured: bcrypt of cost 12 on a common core. */
const FIRST_GUESS = 250
/** The weight of the newest measurement in the moving average: a change of load is seen within about eight hashes. */
const NEWEST = 1 / 8
/** The part of the longest wait that may be promised: hashes take now more, now less, and a promise should hold. */
const PROMISED = 0.9
/** A bound on memory alone: the expected wait refuses far earlier, unless hashes cost next to nothing. */
const MAX_WAITING = 10_000

/** What the metrics count. Times in milliseconds. */
export interface SchedulerObserver {
  refused(): void
  /** It waited and was given up, by its client or since its time was over: it cost no hash. */
  dropped(): void
  waited(milliseconds: number): void
  ran(milliseconds: number): void
}

export interface HashScheduler {
  /**
   * Throws the OverloadedError that `run` would throw at this moment: asked before the work that leads to a hash, since a
   * refusal that costs much itself takes the core from those who are served.
   */
  demandRoom(turn: Turn): void
  /**
   * Runs `work` when its turn comes. Throws an OverloadedError at once where the expected wait is too long, and after
   * `maxWait` where it became so; an AbandonedError when the signal aborts before the turn. Once begun, work is finished.
   */
  run<T>(turn: Turn, work: () => Promise<T>): Promise<T>
  /** Runs `work` at once, beside the queue, and takes its time as that of a hash until requests have measured others. */
  measure(work: () => Promise<unknown>): Promise<void>
  stats(): { waiting: number; running: number }
}

interface SchedulerOptions {
  concurrency: number
  /** Milliseconds. */
  maxWait: number
  observe: SchedulerObserver
}

/**
 * Turns for the work that keeps a core busy. Without a bound hashes starve everything else in the process; with a bound
 * and one plain queue, whoever sends the most requests decides how long the others wait.
 */
export function createHashScheduler(options: SchedulerOptions): HashScheduler {
  const turns = new HashTurns(options)
  return {
    demandRoom: (turn) => turns.demandRoom(turn),
    run: (turn, work) => turns.run(turn, work),
    measure: (work) => turns.measure(work),
    stats: () => turns.stats(),
  }
}

class HashTurns {
  private readonly waiting = new TurnQueue<() => void>()
  private running = 0
  private average: number | null = null

  constructor(private readonly options: SchedulerOptions) {}

  stats(): { waiting: number; running: number } {
    return { waiting: this.waiting.size, running: this.running }
  }

  demandRoom(turn: Turn): void {
    const refusal = this.running < this.options.concurrency ? null : this.refusalOf(turn.client)
    if (refusal) throw this.refused(refusal)
  }

  async run<T>(turn: Turn, work: () => Promise<T>): Promise<T> {
    if (turn.signal.aborted) throw this.abandoned()
    const arrived = performance.now()
    if (this.running < this.options.concurrency) this.running += 1
    else await this.turnOf(turn)

    const started = performance.now()
    this.options.observe.waited(started - arrived)
    try {
      return await work()
    } finally {
      this.measured(performance.now() - started)
      this.next()
    }
  }

  async measure(work: () => Promise<unknown>): Promise<void> {
    const started = performance.now()
    await work()
    this.average ??= performance.now() - started
  }

  /** Resolves when the turn has come, its place among the running already taken. */
  private turnOf(turn: Turn): Promise<void> {
    const refusal = this.refusalOf(turn.client)
    if (refusal) return Promise.reject(this.refused(refusal))
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(deadline)
        turn.signal.removeEventListener('abort', abandon)
      }
      const begin = (): void => {
        leave()
        resolve()
      }
      const giveUp = (failure: () => Error): void => {
        leave()
        this.waiting.remove(turn.client, begin)
        reject(failure())
      }
      const abandon = (): void => giveUp(() => this.abandoned())
      const deadline = setTimeout(() => giveUp(() => this.overdue()), this.options.maxWait)
      turn.signal.addEventListener('abort', abandon)
      this.waiting.push(turn.client, begin)
    })
  }

  /** The refusal of a turn that would come too late; null where there is room. */
  private refusalOf(client: string): OverloadedError | null {
    const { concurrency, maxWait } = this.options
    // As if all that run now had just begun: on the long side, for a refusal after the wait is worse than one before it.
    const hashesBefore = Math.ceil((this.waiting.ahead(client) + 1) / concurrency)
    const wait = hashesBefore * (this.average ?? FIRST_GUESS)
    const longest = maxWait * PROMISED
    if (wait < longest && this.waiting.size < MAX_WAITING) return null
    return new OverloadedError(1 + Math.floor(Math.max(0, wait - longest) / 1000))
  }

  private refused(refusal: OverloadedError): OverloadedError {
    this.options.observe.refused()
    return refusal
  }

  private next(): void {
    const begin = this.waiting.shift()
    if (begin) begin()
    else this.running -= 1
  }

  private measured(duration: number): void {
    this.options.observe.ran(duration)
    this.average = this.average === null ? duration : this.average + (duration - this.average) * NEWEST
  }

  private abandoned(): AbandonedError {
    this.options.observe.dropped()
    return new AbandonedError()
  }

  /** Those who came later from other addresses had their turns first. The client is still there and is told. */
  private overdue(): OverloadedError {
    this.options.observe.dropped()
    return new OverloadedError(1)
  }
}
