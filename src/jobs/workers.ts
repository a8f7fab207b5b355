import type { ClientBase } from 'pg'

/** The first half of the advisory locks' keys: a number of our own, so that they meet no other use. */
const LOCK_SPACE = 1_735_550_327

/** Marks workers as alive for as long as this connection is. Shared: a connection that breaks and its successor do not collide. */
export async function lockWorkers(client: ClientBase, workers: readonly string[]): Promise<void> {
  await client.query('SELECT pg_advisory_lock_shared($1, hashtext(worker)) FROM unnest($2::text[]) AS worker', [
    LOCK_SPACE,
    workers,
  ])
}

export async function releaseWorkers(client: ClientBase, workers: readonly string[]): Promise<void> {
  await client.query('SELECT pg_advisory_unlock_shared($1, hashtext(worker)) FROM unnest($2::text[]) AS worker', [
    LOCK_SPACE,
    workers,
  ])
}

/** Lets the server notice within a minute that a machine is gone, which cannot say goodbye. */
export async function expectKeepAlive(client: ClientBase): Promise<void> {
  await client.query('SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5')
}

/** The workers that hold a job and no lock. */
export async function absentWorkers(client: ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ worker: string }>(
    `SELECT DISTINCT job.locked_by AS worker FROM graphile_worker.jobs AS job
     WHERE job.locked_by IS NOT NULL AND NOT EXISTS (
       SELECT FROM pg_locks AS held
       WHERE held.locktype = 'advisory' AND held.objsubid = 2
         AND held.classid = $1::int::oid AND held.objid = hashtext(job.locked_by)::oid
         AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database()))`,
    [LOCK_SPACE],
  )
  return rows.map(({ worker }) => worker)
}

/** Frees the jobs of workers that are gone. Those that were replaced while they ran, and can never run again, go. */
export async function unlockJobs(client: ClientBase, workers: readonly string[]): Promise<void> {
  if (workers.length === 0) return
  await client.query('SELECT graphile_worker.force_unlock_workers($1::text[])', [workers])
  await client.query(
    `SELECT graphile_worker.complete_jobs(
       ARRAY(SELECT id FROM graphile_worker.jobs WHERE attempts >= max_attempts AND key IS NULL AND locked_at IS NULL))`,
  )
}
