import { Client } from 'pg'

/** An arbitrary number that must be the same in every process that uses the embedded server. */
const LOCK_ID = 7_236_511
/** Milliseconds that the server may take to answer on loopback; another program with its port may never answer. */
const CONNECT_TIMEOUT = 2_000

/**
 * A connection with a shared advisory lock: while it is open, this process uses the embedded server. The lock ends when the
 * process dies.
 */
export class ServerLease {
  private constructor(private readonly client: Client) {}

  /** Null while the server of this data folder starts, recovers or stops. Throws if it rejects the password. */
  static async acquire(url: string, data: string): Promise<ServerLease | null> {
    const client = new Client({
      connectionString: url,
      connectionTimeoutMillis: CONNECT_TIMEOUT,
      query_timeout: CONNECT_TIMEOUT,
      application_name: 'gatehouse server lease',
    })
    client.on('error', () => undefined) // the server stopped: the application's pools report it
    try {
      await client.connect()
      // A copied dataDir has the port and the password of the original, so that the original's server may answer.
      // The exclusive lock is held while the server is being stopped, so no new process joins.
      if ((await isServerOf(client, data)) && (await isGranted(client, 'pg_try_advisory_lock_shared'))) {
        return new ServerLease(client)
      }
    } catch (error) {
      // SQLSTATE class 28: invalid authorization
      if (String((error as { code?: unknown }).code).startsWith('28')) throw error
    }
    await client.end().catch(() => undefined)
    return null
  }

  /**
   * Whether no other process uses the server; if so, none can acquire a lease until `release`. If two processes stop at once,
   * both release their shared lock first, and exactly one then gets the exclusive lock.
   */
  async isLastUser(): Promise<boolean> {
    try {
      await isGranted(this.client, 'pg_advisory_unlock_shared')
      return await isGranted(this.client, 'pg_try_advisory_lock')
    } catch {
      return true // the server has stopped, or has crashed and lost all locks
    }
  }

  async release(): Promise<void> {
    await this.client.end().catch(() => undefined)
  }
}

async function isServerOf(client: Client, data: string): Promise<boolean> {
  const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory')
  return rows[0]?.data_directory === data
}

type LockFunction = 'pg_try_advisory_lock_shared' | 'pg_advisory_unlock_shared' | 'pg_try_advisory_lock'

async function isGranted(client: Client, lock: LockFunction): Promise<boolean> {
  const { rows } = await client.query<{ granted: boolean }>(`SELECT ${lock}($1) AS granted`, [LOCK_ID])
  return rows[0]?.granted === true
}
