import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { freePort } from '../../src/lib/freePort'

export interface PgBouncer {
  url: string
  /** Closes its sessions of the database as they become idle, so that new ones take the database's settings. */
  reconnect(): Promise<void>
  stop(): Promise<void>
}

/** A real PgBouncer before a database, with its default settings save those that say where it is. */
export async function startPgBouncer(databaseUrl: string, mode: 'session' | 'transaction'): Promise<PgBouncer> {
  const { hostname, port: upstream, username, password, pathname } = new URL(databaseUrl)
  const port = await freePort('127.0.0.1')
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pgbouncer-'))
  const file = join(folder, 'pgbouncer.ini')
  writeFileSync(
    file,
    `[databases]
* = host=${hostname} port=${upstream} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
admin_users = admin
pool_mode = ${mode}
`,
  )
  chmodSync(folder, 0o755)
  // It refuses to run as root.
  const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const child = spawn('pgbouncer', [file], { ...account, stdio: ['ignore', 'ignore', 'pipe'] })
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  const exited = once(child, 'exit')
  await new Promise<void>((resolve, reject) => {
    let output = ''
    child.once('error', () => reject(new Error('These tests need pgbouncer: apt-get install pgbouncer')))
    child.once('exit', (code) => reject(new Error(`pgbouncer ended with ${String(code)}: ${output}`)))
    child.stderr.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (output.includes('process up')) resolve()
    })
  })
  return {
    url: `postgresql://pooled@127.0.0.1:${port}${pathname}`,
    reconnect: async () => {
      const admin = new Client({ connectionString: `postgresql://admin@127.0.0.1:${port}/pgbouncer` })
      await admin.connect()
      await admin.query('RECONNECT')
      await admin.end()
    },
    stop: async () => {
      process.off('exit', endWithUs)
      child.kill('SIGINT')
      child.kill('SIGTERM')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
