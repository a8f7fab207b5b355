import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import bcrypt from 'bcrypt'
import { Pool } from 'pg'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '../src/dev/embeddedPostgres'
import { freePort } from '../src/lib/freePort'
import { Closers } from '../src/lib/closers'
import { TestSmtpServer } from '../tests/support/smtp'

export const PASSWORD = 'violet tractor seven moons'
const START_TIMEOUT = 60_000

/** A real server in a process of its own, on loopback, with its own PostgreSQL and a mail server that takes everything. */
export interface Rig {
  url: string
  pool: Pool
  /** Verified accounts, all with PASSWORD: one hash for all of them, so that a thousand cost no more than one. */
  addUsers(emails: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** Starts everything. `cost` is bcrypt's. What was opened is closed again when a later part fails. */
export async function startRig({ cost }: { cost: number }): Promise<Rig> {
  const closers = new Closers()
  try {
    return await compose(cost, closers)
  } catch (error) {
    await closers.close()
    throw error
  }
}

async function compose(cost: number, closers: Closers): Promise<Rig> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  closers.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({ dataDir, logger: pino({ level: 'silent' }) })
  closers.push(() => postgres.stop())
  const smtp = await new TestSmtpServer().start()
  closers.push(() => smtp.stop())
  const pool = new Pool({ connectionString: postgres.url, max: 2 })
  closers.push(() => pool.end())
  const port = await freePort('127.0.0.1')
  const env = {
    ...{ PORT: String(port), DATABASE_URL: postgres.url, DATA_DIR: dataDir, SMTP_URL: smtp.url },
    ...{ RATE_LIMITS: 'off', LOGIN_CODE: 'on', BCRYPT_COST: String(cost), LOG_LEVEL: 'warn', SANDBOX: 'off' },
  }
  const child = startServer(env)
  closers.push(() => stop(child))
  const url = `http://127.0.0.1:${port}`
  await ready(url, child)

  const hash = await bcrypt.hash(PASSWORD, cost)
  const addUsers = async (emails: readonly string[]): Promise<void> => {
    await pool.query(
      'INSERT INTO users (email, password_hash, email_verified_at) SELECT unnest($1::text[]), $2, now()',
      [emails, hash],
    )
  }
  return { url, pool, addUsers, close: () => closers.close() }
}

/** Starts the built server with these variables and no others that would change it. */
function startServer(env: Record<string, string>): ChildProcess {
  const { PATH = '', HOME = '' } = process.env
  return spawn(process.execPath, [join(__dirname, '../dist/main.js'), 'serve'], {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + START_TIMEOUT; Date.now() < deadline;) {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}`)
    const answer = await fetch(`${url}/health/ready`).catch(() => null)
    if (answer?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('The server did not become ready')
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}
