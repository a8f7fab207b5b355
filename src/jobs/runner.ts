import { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { type WorkerEvents, type WorkerPool, runTaskList } from 'graphile-worker'
import type { Pool } from 'pg'
import type { Logger } from '../ops/logger'
import { jobLogger, withoutMessage } from './log'
import { type PeriodicTask, repeating, scheduleNext } from './periodic'
import { Presence } from './presence'

/** Milliseconds between two looks for jobs that have become due; those due at once are announced by the database. */
const POLL_INTERVAL = 2_000
/** Milliseconds between two looks for workers that are gone. */
const LOOK_INTERVAL = 5_000
/** Milliseconds before workers that broke are replaced. */
const REPLACE_AFTER = 1_000

/** What a job comes to that was returned to the queue while it ran: it is another's now. */
const NEVER = new Promise<never>(() => undefined)

/** Does one job. What it throws has the job tried again, later each time. */
export type Task = (payload: unknown) => Promise<void>

interface JobsOptions {
  pool: Pool
  tasks: Record<string, Task>
  every?: readonly PeriodicTask[]
  logger: Logger
  /** Jobs done at once by this instance. */
  concurrency: number
  /** Milliseconds; for tests. */
  pollInterval?: number
  lookInterval?: number
}

/** One set of workers: replaced as a whole when one of them breaks. */
interface Crew {
  workers: readonly string[]
  pool: WorkerPool
}

/**
 * Works off the queue from the moment it is made until it is stopped, and never fails: a database that is away, at the
 * start or later, is waited for.
 */
export class JobRunner {
  private readonly tasks: Record<string, Task>
  private readonly presence: Presence
  private crew: Crew
  private stopping = false
  private abandoned = false
  private replacing: NodeJS.Timeout | undefined

  constructor(private readonly options: JobsOptions) {
    const { pool, logger, tasks, every = [], lookInterval = LOOK_INTERVAL } = options
    pool.on('connect', surviveErrors)
    const periodic = every.map((task): [string, Task] => [task.name, repeating(pool, task)])
    this.tasks = Object.fromEntries(
      [...Object.entries(tasks), ...periodic].map(([name, task]) => [name, this.contained(task)]),
    )
    this.presence = new Presence({
      pool,
      logger,
      interval: lookInterval,
      onConnected: async (client) => {
        for (const task of every) await scheduleNext(client, task)
      },
    })
    this.crew = this.hire()
  }

  /** Takes no new job, lets running ones finish for `grace` milliseconds, and returns the others to the queue. */
  async stop(grace: number): Promise<void> {
    this.stopping = true
    clearTimeout(this.replacing)
    this.presence.stopWaiting()
    const finished = this.crew.pool.gracefulShutdown().then(() => true)
    this.abandoned = !(await Promise.race([finished, delay(grace, false, { ref: false })]))
    await this.presence.close()
    this.options.pool.off('connect', surviveErrors)
  }

  /** Whatever a task throws goes into the job's row and into the log: without its words. */
  private contained(task: Task): Task {
    return async (payload) => {
      try {
        await task(payload)
        if (this.abandoned) await NEVER
      } catch (failure) {
        if (this.abandoned) await NEVER
        throw withoutMessage(failure)
      }
    }
  }

  private hire(): Crew {
    const { pool, logger, concurrency, pollInterval = POLL_INTERVAL } = this.options
    const workers: string[] = []
    const events: WorkerEvents = new EventEmitter()
    let proven = false
    events.on('worker:create', ({ worker }) => workers.push(worker.workerId))
    events.on('worker:getJob:empty', () => (proven = true))
    events.on('job:start', () => (proven = true))
    // The numbers of the tasks are asked for once: workers that failed in it would fail for ever.
    events.on('worker:getJob:error', () => proven || this.replaceSoon())
    // A worker that could not tell how its job ended does not go on.
    events.on('worker:fatalError', () => this.replaceSoon())
    const hired = runTaskList(
      {
        events,
        concurrency,
        pollInterval,
        logger: jobLogger(logger),
        noHandleSignals: true,
        // Asked before each look for a job: the one place that can hold a worker back.
        forbiddenFlags: () => this.presence.hold(workers).then(() => null),
      },
      this.tasks,
      pool,
    )
    return { workers, pool: hired }
  }

  private replaceSoon(): void {
    if (this.stopping || this.replacing) return
    this.replacing = setTimeout(() => {
      this.replacing = undefined
      const replaced = this.crew
      this.crew = this.hire()
      this.dismiss(replaced).catch((error: unknown) =>
        this.options.logger.warn({ reason: withoutMessage(error).message }, 'Workers that broke have left jobs behind'),
      )
    }, REPLACE_AFTER)
    this.replacing.unref()
  }

  private async dismiss({ pool, workers }: Crew): Promise<void> {
    await pool.gracefulShutdown()
    await this.presence.release(workers)
  }
}

/** A connection that breaks tells its holder by the query that fails. The event of it, unheard, would end the process. */
function surviveErrors(client: { on: (event: 'error', listener: () => void) => unknown }): void {
  client.on('error', () => undefined)
}
