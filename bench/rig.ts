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
import { connection } from './load'
import { TestSmtpServer } from '../tests/support/smtp'

export const PASSWORD = 'violet tractor seven moons'
const START_TIMEOUT = 60_000

/** One process of the built server. */
export interface Instance {
  url: string
  /** It is another one after a restart. */
  pid: () => number
}

/** A real server in a process of its own, on loopback, with its own PostgreSQL and a mail server that takes everything. */
export interface Rig extends Instance {
  pool: Pool
  databaseUrl: string
  /** Starts one more process on the same database; resolves once it is ready. It ends with the rig. */
  addInstance(command: 'serve' | 'worker'): Promise<Instance>
  /** Stops the server and starts it again on its database. Resolves to milliseconds from the start to the first answer. */
  restart(): Promise<number>
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
    PUBLIC_URL: `http://127.0.0.1:${port}`, // also of further instances: it is the issuer of their tokens
    ...{ DATABASE_URL: postgres.url, DATA_DIR: dataDir, SMTP_URL: smtp.url },
    ...{ RATE_LIMITS: 'off', LOGIN_CODE: 'on', BCRYPT_COST: String(cost), LOG_LEVEL: 'warn', DEV_TOOLS: 'off' },
  }
  const server = ['serve', { PORT: String(port), ...env }] as const
  let child = startServer(...server)
  closers.push(() => stop(child))
  const url = `http://127.0.0.1:${port}`
  await firstAnswer(`${url}/health/ready`, child)
  const restart = async (): Promise<number> => {
    await stop(child)
    const begun = performance.now()
    child = startServer(...server)
    const took = (await firstAnswer(`${url}/graphql?query=%7B__typename%7D`, child)) - begun
    await firstAnswer(`${url}/health/ready`, child)
    return took
  }

  const hash = await bcrypt.hash(PASSWORD, cost)
  const addUsers = async (emails: readonly string[]): Promise<void> => {
    await pool.query(
      'INSERT INTO users (email, password_hash, email_verified_at) SELECT unnest($1::text[]), $2, now()',
      [emails, hash],
    )
  }
  const addInstance = async (command: 'serve' | 'worker'): Promise<Instance> => {
    const other = await freePort('127.0.0.1')
    const added = startServer(command, { PORT: String(other), ...env })
    closers.push(() => stop(added))
    await firstAnswer(`http://127.0.0.1:${other}/health/ready`, added)
    return { url: `http://127.0.0.1:${other}`, pid: () => added.pid ?? 0 }
  }
  return {
    ...{ url, pid: () => child.pid ?? 0, pool, databaseUrl: postgres.url },
    ...{ restart, addInstance, addUsers, close: () => closers.close() },
  }
}

/** Starts the built server with these variables and no others that would change it. */
function startServer(command: string, env: Record<string, string>): ChildProcess {
  const { PATH = '', HOME = '' } = process.env
  return spawn(process.execPath, [join(__dirname, '../dist/main.js'), command], {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

export interface Tokens {
  accessToken: string
  refreshToken: string
}

/** The tokens of a new session. */
export async function login(url: string, email: string): Promise<Tokens> {
  const { send, close } = connection()
  const { text } = await send({ method: 'POST', url: `${url}/api/auth/login`, body: { email, password: PASSWORD } })
  close()
  return (JSON.parse(text) as { tokens: Tokens }).tokens
}

/** `me` by REST in a new session of this user. */
export async function meOf(url: string, email: string) {
  const { accessToken } = await login(url, email)
  return { method: 'GET' as const, url: `${url}/api/auth/me`, headers: { authorization: `Bearer ${accessToken}` } }
}

/** Asks until the answer is 200. Resolves to the time (performance.now) at which it was there. */
export async function firstAnswer(url: string, child: ChildProcess): Promise<number> {
  const headers = { 'apollo-require-preflight': 'true' }
  for (const deadline = Date.now() + START_TIMEOUT; Date.now() < deadline;) {
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode}`)
    const answer = await fetch(url, { headers }).catch(() => null)
    if (answer?.ok) return performance.now()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`No answer at ${url}`)
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}
