import { Client, type Pool } from 'pg'
import { withoutMessage } from './log'
import { absentWorkers, expectKeepAlive, lockWorkers, releaseWorkers, unlockJobs } from './workers'
import { pause } from '../lib/pause'
import type { Logger } from '../ops/logger'

/** Milliseconds between two attempts to reach a database that is away; doubled up to the second. */
const RECONNECT_AFTER = 250
const RECONNECT_AFTER_AT_MOST = 4_000

interface PresenceOptions {
  pool: Pool
  logger: Logger
  /** Milliseconds between two looks for workers that are gone. */
  interval: number
  /** Done whenever the connection was made. When it throws, the connection is made again. */
  onConnected: (client: Client) => Promise<void>
}

/**
 * Keeps the workers of this instance known to be alive, and frees the jobs of those that are not. The queue locks a job
 * in the name of a worker and, should that one be killed, frees it after four hours. So each worker also holds an
 * advisory lock on a connection of its own, which ends with its process: whoever runs frees the jobs of workers that
 * hold none. At the start at once; later only of those that were missing twice in a row, since a connection that broke
 * is made anew sooner than that, while its worker may be in the middle of sending.
 */
export class Presence {
  private readonly ending = new AbortController()
  private readonly workers = new Set<string>()
  private readonly locked = new Set<string>()
  private readonly running: Promise<void>
  private connected = deferred<Client | null>()
  private missing: string[] | null = null
  private waiting = true
  private last: Promise<void> = Promise.resolve()
  private told = false

  constructor(private readonly options: PresenceOptions) {
    this.running = this.run()
  }

  /** Resolves once these workers are known to be alive: before that none of them may take a job. */
  async hold(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.workers.add(id)
    if (!this.waiting) return
    const client = await this.connected.promise
    if (client === null || ids.every((id) => this.locked.has(id))) return
    await this.inTurn(() => this.lock(client, ids))
  }

  /** Gives up these workers: the jobs they left behind are free. */
  async release(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.workers.delete(id)
    const client = await this.connected.promise
    if (client === null) return
    await this.inTurn(async () => {
      await unlockJobs(client, ids)
      await releaseWorkers(
        client,
        ids.filter((id) => this.locked.delete(id)),
      )
    })
  }

  /** Lets whoever waits in `hold` go on: the end is near. */
  stopWaiting(): void {
    this.waiting = false
    this.connected.resolve(null)
  }

  /** Returns the jobs that this instance still holds to the queue. */
  async close(): Promise<void> {
    this.stopWaiting()
    this.ending.abort()
    await this.running
  }

  /** One after the other: a connection takes one query at a time. */
  private async inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.last.then(work)
    this.last = turn.catch(() => undefined)
    await turn
  }

  private async run(): Promise<void> {
    let wait = RECONNECT_AFTER
    while (!this.ending.signal.aborted) {
      const client = new Client({ ...this.options.pool.options, application_name: 'gatehouse workers' })
      try {
        await this.arrive(client)
        wait = RECONNECT_AFTER
        await this.stay(client)
      } catch (error) {
        if (!this.told)
          this.options.logger.warn({ reason: withoutMessage(error).message }, 'The workers wait for the database')
        this.told = true
      }
      await client.end().catch(() => undefined)
      await pause(wait, this.ending.signal)
      wait = Math.min(wait * 2, RECONNECT_AFTER_AT_MOST)
    }
  }

  private async arrive(client: Client): Promise<void> {
    client.on('error', () => undefined) // the query under way fails with it, or the next one
    await client.connect()
    await expectKeepAlive(client)
    await this.options.onConnected(client)
    await this.lock(client, [...this.workers])
  }

  /** Looks around until the connection breaks (throws) or the end has come (frees the own jobs). */
  private async stay(client: Client): Promise<void> {
    const lost = new AbortController()
    client.on('end', () => lost.abort())
    const wake = AbortSignal.any([lost.signal, this.ending.signal])
    this.connected.resolve(client)
    this.told = false
    try {
      while (!wake.aborted) {
        await this.inTurn(() => this.lookAround(client))
        await pause(this.options.interval, wake)
      }
      if (lost.signal.aborted) throw new Error('The connection broke')
      await this.inTurn(() => unlockJobs(client, [...this.workers]))
    } finally {
      this.connected = deferred()
      this.locked.clear()
    }
  }

  private async lock(client: Client, ids: readonly string[]): Promise<void> {
    const fresh = ids.filter((id) => !this.locked.has(id))
    if (fresh.length === 0) return
    await lockWorkers(client, fresh)
    for (const id of fresh) this.locked.add(id)
  }

  private async lookAround(client: Client): Promise<void> {
    const absent = await absentWorkers(client)
    const before = this.missing
    const gone = before === null ? absent : absent.filter((id) => before.includes(id))
    this.missing = absent
    if (gone.length === 0) return
    await unlockJobs(client, gone)
    this.options.logger.warn({ workers: gone.length }, 'Freed the jobs of workers that are gone')
  }
}

interface Deferred<Value> {
  promise: Promise<Value>
  resolve: (value: Value) => void
}

function deferred<Value>(): Deferred<Value> {
  let resolve: (value: Value) => void = () => undefined
  const promise = new Promise<Value>((done) => (resolve = done))
  return { promise, resolve }
}
