import type { Pool } from 'pg'

/** Work that comes again: once per period for all instances together, at multiples of it since the epoch. */
export interface PeriodicTask {
  name: string
  milliseconds: number
  /** Run again after an interruption, and tried again after a failure: it has to bear both. */
  run: () => Promise<void>
}

/** Queues the next run, unless one waits already: a run that is overdue, since nobody was there, stays due at once. */
export async function scheduleNext(db: Pick<Pool, 'query'>, { name, milliseconds }: PeriodicTask): Promise<void> {
  await db.query(
    `SELECT graphile_worker.add_job($1, '{}', job_key => 'every:' || $1, job_key_mode => 'preserve_run_at',
       run_at => to_timestamp((floor(extract(epoch FROM now()) * 1000 / $2::int) + 1) * $2::int / 1000))`,
    [name, milliseconds],
  )
}

/** The task of the queue that runs it and queues the next run: after it, so that a crash midway repeats this one. */
export function repeating(db: Pick<Pool, 'query'>, task: PeriodicTask): () => Promise<void> {
  return async () => {
    await task.run()
    await scheduleNext(db, task)
  }
}
