import { chmodSync, copyFileSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { pino } from 'pino'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/dev/embeddedPostgres'

const logger = pino({ level: 'silent' })

/** A PostgreSQL server of the test's own, whose settings it may change. */
export class OwnPostgres {
  private readonly folder = mkdtempSync(join(tmpdir(), 'gatehouse-own-postgres-'))
  private server: EmbeddedPostgres | null = null

  static async start(): Promise<OwnPostgres> {
    const own = new OwnPostgres()
    chmodSync(own.folder, 0o755) // for root: PostgreSQL runs as another user
    await own.start()
    return own
  }

  get url(): string {
    return this.server?.url ?? ''
  }

  async query(...statements: string[]): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.url })
    await client.connect()
    try {
      let rows: Record<string, unknown>[] = []
      for (const statement of statements) rows = (await client.query<Record<string, unknown>>(statement)).rows
      return rows
    } finally {
      await client.end()
    }
  }

  /** Serves TLS with this certificate from now on; null: none. Ends the connections that there are. */
  async useCertificate(files: { cert: string; key: string } | null): Promise<void> {
    if (files) {
      const data = await this.dataDirectory()
      this.place(files.cert, join(data, 'server.crt'))
      this.place(files.key, join(data, 'server.key'))
    }
    await this.query(`ALTER SYSTEM SET ssl = ${files ? 'on' : 'off'}`, 'SELECT pg_reload_conf()')
    await this.endConnections()
  }

  /** Lets in over TCP, from now on, only clients whose certificate this authority has signed. */
  async requireClientCertificates(authority: string): Promise<void> {
    const data = await this.dataDirectory()
    this.place(authority, join(data, 'clients.crt'))
    writeFileSync(join(data, 'pg_hba.conf'), 'hostssl all all all scram-sha-256 clientcert=verify-ca\n')
    await this.query("ALTER SYSTEM SET ssl_ca_file = 'clients.crt'", 'SELECT pg_reload_conf()')
  }

  /** Starts again as a standby, which takes no writes until it is promoted. */
  async becomeStandby(): Promise<void> {
    const data = await this.dataDirectory()
    await this.server?.stop()
    const signal = join(data, 'standby.signal')
    writeFileSync(signal, '')
    const { uid, gid } = statSync(data)
    chownSync(signal, uid, gid)
    await this.start()
  }

  async endConnections(): Promise<void> {
    await this.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name LIKE 'gatehouse%'`,
    )
  }

  async stop(): Promise<void> {
    await this.server?.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  private async start(): Promise<void> {
    this.server = await startEmbeddedPostgres({ dataDir: this.folder, logger, settings: { fsync: 'off' } })
  }

  private async dataDirectory(): Promise<string> {
    const [row] = await this.query("SELECT current_setting('data_directory') AS data")
    return String(row?.data)
  }

  private place(from: string, to: string): void {
    copyFileSync(from, to)
    const { uid, gid } = statSync(join(to, '..'))
    chownSync(to, uid, gid)
    chmodSync(to, 0o600)
  }
}
