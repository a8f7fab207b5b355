import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import type { Logger } from '../ops/logger'
import { findPostmaster } from './postgresProcess'

/** Any number will do, as long as every process that uses the embedded server takes the same. */
const SEATS = 7_236_511
/** Milliseconds that a fast shutdown may take, before the server is made to end without its last checkpoint. */
const STOP_TIMEOUT = 15_000
const LOOK_INTERVAL = 25

/** A connection that says, as long as it is open, that a process uses the embedded server. Its death ends it. */
export class Seat {
  private constructor(private readonly client: Client) {}

  /** Null while the server of this data folder starts, recovers or is being stopped. Throws when it refuses the password. */
  static async take(url: string, data: string): Promise<Seat | null> {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: 2_000,
      application_name: 'gatehouse seat',
    })
    client.on('error', () => undefined) // the server went away: the pools of the application tell
    try {
      await client.connect()
      // A copied dataDir has the port and the password of the original, whose server may be the one that answers.
      // The one who stops the server holds all seats: nobody sits down any more.
      if ((await isServerOf(client, data)) && (await isGranted(client, 'pg_try_advisory_lock_shared')))
        return new Seat(client)
    } catch (problem) {
      // SQLSTATE class 28: invalid authorization
      if (String((problem as { code?: unknown }).code).startsWith('28')) throw problem
    }
    await client.end().catch(() => undefined)
    return null
  }

  /** Stops the server on this data folder when nobody else sits at it. */
  async leave(data: string, logger: Logger): Promise<void> {
    const isLast = await this.isLast()
    if (isLast) await stopServer(data)
    else logger.info('embedded PostgreSQL left running: another process uses it')
    await this.client.end().catch(() => undefined)
  }

  /** Of two who leave at once, both free their own seat first: one of them, and only one, then gets all. */
  private async isLast(): Promise<boolean> {
    try {
      await isGranted(this.client, 'pg_advisory_unlock_shared')
      return await isGranted(this.client, 'pg_try_advisory_lock')
    } catch {
      return true // the server is gone, or has crashed and lost all seats
    }
  }
}

async function isServerOf(client: Client, data: string): Promise<boolean> {
  const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory')
  return rows[0]?.data_directory === data
}

type LockFunction = 'pg_try_advisory_lock_shared' | 'pg_advisory_unlock_shared' | 'pg_try_advisory_lock'

async function isGranted(client: Client, lock: LockFunction): Promise<boolean> {
  const { rows } = await client.query<{ granted: boolean }>(`SELECT ${lock}($1) AS granted`, [SEATS])
  return rows[0]?.granted === true
}

/** SIGINT is PostgreSQL's fast shutdown: it ends the sessions, and writes everything down. */
async function stopServer(data: string): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    const server = findPostmaster(data)
    if (!server) return
    process.kill(server.pid, signal)
    const deadline = Date.now() + STOP_TIMEOUT
    while (Date.now() < deadline) {
      if (findPostmaster(data)?.pid !== server.pid) return
      await delay(LOOK_INTERVAL)
    }
  }
  throw new Error(`The embedded PostgreSQL on ${data} did not stop`)
}
