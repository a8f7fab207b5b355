import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { OUTBOX } from '../config/defaults'
import { isDatabaseOutage } from '../errors/outage'
import type { Logger } from '../ops/logger'
import type { Database } from '../store/database'
import { type DueItem, type OutboxTable, leaseDue, renewLeases, returnLeases } from '../store/leases'

/**
 * `settled`: the row is deleted, or its outcome recorded and its lease ended. `failed`: the attempt counts, and the next delay is longer. `unavailable`: the
 * receiver or the database is down, so the attempt does not count.
 */
export type Outcome = 'settled' | 'failed' | 'unavailable'

/** Delivers the rows of one table. */
export interface DeliveryKind {
  table: OutboxTable
  /** Rows that this instance delivers concurrently. */
  concurrency: number
  /** Milliseconds before the second attempt, doubled for each further one up to `maxRetry`. */
  firstRetry: number
  maxRetry: number
  /** False while no delivery can succeed: then nothing is leased. */
  mayLease(): boolean
  /** Must tolerate repetition: if a process is killed, another one delivers its rows again. */
  deliver(id: string): Promise<Outcome>
}

interface DispatcherOptions {
  database: Pick<Database, 'pool'>
  kind: DeliveryKind
  logger: Logger
  /** Milliseconds; for tests. */
  pollInterval?: number
  lease?: number
}

/**
 * Delivers the rows of one table until it is stopped. A lease commits before its delivery starts, so no connection is held
 * during it. It is renewed while the delivery runs: if this process is killed, the lease expires and another instance takes
 * the row. While the database is down, polling continues.
 */
export class Dispatcher {
  private readonly owner = randomUUID()
  private readonly inFlight = new Map<string, Promise<void>>()
  private readonly renewal: NodeJS.Timeout
  private readonly running: Promise<void>
  private readonly pollInterval: number
  private readonly lease: number
  private stopping = false
  private reported = false
  private woken = false
  private interrupt: () => void = () => undefined

  constructor(private readonly options: DispatcherOptions) {
    this.pollInterval = options.pollInterval ?? OUTBOX.pollInterval
    this.lease = options.lease ?? OUTBOX.lease
    this.renewal = setInterval(() => void this.renew(), this.lease / 3).unref()
    this.running = this.run()
  }

  /** Polls now. */
  wake(): void {
    this.woken = true
    this.interrupt()
  }

  /** Claims nothing more, lets deliveries finish for `grace` milliseconds, and returns the leases of the others. */
  async stop(grace: number): Promise<void> {
    this.stopping = true
    this.wake()
    const finished = this.running.then(() => Promise.all(this.inFlight.values()))
    await Promise.race([finished, delay(grace, undefined, { ref: false })])
    clearInterval(this.renewal)
    await this.release([...this.inFlight.keys()], { delay: 0, failed: false })
  }

  private async run(): Promise<void> {
    while (!this.stopping) {
      this.woken = false
      await this.leaseDue()
      await this.idle()
    }
  }

  /** Waits for the next poll or for `wake`, which may have been called while items were leased last. */
  private async idle(): Promise<void> {
    if (this.woken) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.pollInterval).unref()
      this.interrupt = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  private async leaseDue(): Promise<void> {
    const { database, kind, logger } = this.options
    const { owner, lease } = this
    const limit = kind.concurrency - this.inFlight.size
    if (limit <= 0) return
    if (!kind.mayLease()) {
      logger.debug({ table: kind.table }, 'Nothing is leased: the circuit breaker is open')
      return
    }
    try {
      const items = await leaseDue(database.pool, kind.table, {
        owner,
        lease,
        limit,
        except: [...this.inFlight.keys()],
      })
      this.reported = false
      if (this.stopping)
        await this.release(
          items.map(({ id }) => id),
          { delay: 0, failed: false },
        )
      else for (const item of items) this.start(item)
    } catch (error) {
      if (!this.reported) logger.warn({ table: kind.table, err: error }, 'The outbox waits for the database')
      this.reported = true
    }
  }

  private start(item: DueItem): void {
    const delivery = this.deliver(item).finally(() => {
      this.inFlight.delete(item.id)
      this.wake()
    })
    this.inFlight.set(item.id, delivery)
  }

  private async deliver({ id, attempts }: DueItem): Promise<void> {
    const { kind, logger } = this.options
    const outcome = await kind.deliver(id).catch((error: unknown): Outcome => {
      if (isDatabaseOutage(error)) return 'unavailable'
      logger.error({ event: 'delivery_failed', table: kind.table, id, err: error }, 'delivery_failed')
      return 'failed'
    })
    if (outcome === 'failed') await this.release([id], { delay: backOff(kind, attempts), failed: true })
    if (outcome === 'unavailable') await this.release([id], { delay: this.pollInterval, failed: false })
  }

  /** If the database is down, the leases expire by themselves. */
  private async release(ids: string[], next: { delay: number; failed: boolean }): Promise<void> {
    if (ids.length === 0) return
    const { database, kind } = this.options
    await returnLeases(database.pool, kind.table, { owner: this.owner, ids, ...next }).catch(() => undefined)
  }

  private async renew(): Promise<void> {
    const { database, kind } = this.options
    const ids = [...this.inFlight.keys()]
    if (ids.length === 0) return
    await renewLeases(database.pool, kind.table, { owner: this.owner, lease: this.lease, ids }).catch(() => undefined)
  }
}

/** Milliseconds before the next attempt, with ±25 % jitter so that rows that failed together are not retried together. */
function backOff({ firstRetry, maxRetry }: DeliveryKind, attempts: number): number {
  return Math.min(firstRetry * 2 ** attempts, maxRetry) * (0.75 + Math.random() / 2)
}
