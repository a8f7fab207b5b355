import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { type App, startApp } from '../../src/app'
import { DATABASE } from '../../src/config/defaults'
import { type Config, readEnvironment, resolveConfig } from '../../src/config/config'
import { Closers } from '../../src/lib/closers'
import { onFreePort } from '../../src/lib/freePort'
import { type Clock, later } from '../../src/lib/clock'
import { createLogger } from '../../src/ops/logger'
import { type StrengthEstimator, startStrengthEstimator } from '../../src/passwords/strengthEstimator'
import { createDatabase } from './database'
import { type ReceivedMail, TestSmtpServer } from './smtp'

/** Time that only moves when a test moves it on: the present, plus what was added. */
export class TestClock implements Clock {
  private passed = 0

  now(): Date {
    return later(new Date(), this.passed)
  }

  /** Moves time on by so many milliseconds. */
  pass(milliseconds: number): void {
    this.passed += milliseconds
  }
}

export interface TestAppOptions {
  /** Variables of the environment, over those that fit a test: no budgets. */
  env?: Record<string, string>
  /** Instead of BCRYPT_COST, which the environment refuses below 10: a test would mostly wait for hashes. */
  bcryptCost?: number
  /** Shares a database with another instance. */
  databaseUrl?: string
  /** Shares a mail server with another instance. */
  smtp?: TestSmtpServer
  clock?: TestClock
  /** Whether the database has the time limits of production, where a database that does not answer is the subject. */
  databaseTimeouts?: 'production' | 'patient'
  /** False where statements are counted: no periodic work runs in between. */
  periodic?: boolean
}

export interface TestApp {
  app: App
  config: Config
  /** Where it listens. */
  url: string
  databaseUrl: string
  clock: TestClock
  smtp: TestSmtpServer
  /** Log lines, parsed, oldest first. */
  log: Record<string, unknown>[]
  /** The mail to an address whose subject matches; waits for it to arrive. */
  mail(to: string, subject?: RegExp): Promise<ReceivedMail>
  /** The token in the link of that mail. */
  mailedToken(to: string, subject?: RegExp): Promise<string>
  close(): Promise<void>
}

/** A test that fails before it closes its server leaves timers behind, which would go on in the test files after it. */
const running = new Set<App>()
/** One for all servers of a test file: its dictionaries take a third of a second to load. */
let strength: StrengthEstimator | undefined
afterAll(async () => {
  await Promise.all([...running].map((app) => app.close()))
  await strength?.close()
})

/** A whole server in this process: a database of its own, a real mail server, and a clock that the test moves. */
export async function startTestApp(options: TestAppOptions = {}): Promise<TestApp> {
  const closers = new Closers()
  try {
    return await openTestApp(options, closers)
  } catch (error) {
    await closers.close() // a refused configuration must not leave a mail server or a database behind
    throw error
  }
}

async function openTestApp(options: TestAppOptions, closers: Closers): Promise<TestApp> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-app-'))
  closers.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const database = options.databaseUrl === undefined ? await createDatabase() : null
  if (database) closers.push(() => database.drop())
  const databaseUrl = options.databaseUrl ?? database?.url ?? ''
  const smtp = options.smtp ?? (await new TestSmtpServer().start())
  if (!options.smtp) closers.push(() => smtp.stop())
  const clock = options.clock ?? new TestClock()
  const env = { ...TEST_ENV, DATABASE_URL: databaseUrl, SMTP_URL: smtp.url, DATA_DIR: dataDir, ...options.env }
  const log: Record<string, unknown>[] = []
  const { app, config } = await startOnFreePort({ ...options, env, clock, log })
  running.add(app)
  closers.push(async () => {
    running.delete(app)
    await app.close()
  })
  await app.passwordsChecked
  const mail = (to: string, subject = /./) => smtp.waitFor(to, ({ parsed }) => subject.test(parsed.subject ?? ''))
  return {
    ...{ app, config, url: app.address, databaseUrl, clock, smtp, log, mail },
    mailedToken: async (to, subject) => tokenOf(await mail(to, subject)),
    close: () => closers.close(),
  }
}

interface Start {
  env: Record<string, string>
  clock: TestClock
  log: Record<string, unknown>[]
  bcryptCost?: number
  databaseTimeouts?: 'production' | 'patient'
  periodic?: boolean
}

/** Another process may take the port before the server listens on it: then it is another port. */
function startOnFreePort({
  env,
  clock,
  log,
  bcryptCost = LOWEST_COST,
  databaseTimeouts = 'patient',
  periodic = true,
}: Start): Promise<Pick<TestApp, 'app' | 'config'>> {
  return onFreePort('127.0.0.1', async (port) => {
    const resolved = resolveConfig(readEnvironment({ PORT: String(port), ...env }))
    const config = {
      ...resolved,
      ...(env.BCRYPT_COST === undefined && { bcryptCost }),
      ...(databaseTimeouts === 'patient' && { databaseTimeouts: PATIENT }),
    }
    const logger = collectingLogger(config.logLevel, log)
    strength ??= startStrengthEstimator({ logger })
    return { config, app: await startApp({ config, clock, logger, strength, periodic }) }
  })
}

/** Of bcrypt: one millisecond. */
const LOWEST_COST = 4

/** Fifty requests at once on a busy machine may wait for their turn longer than people do. */
const PATIENT = {
  connectTimeout: 10 * DATABASE.connectTimeout,
  statementTimeout: 10 * DATABASE.statementTimeout,
  answerTimeout: 10 * DATABASE.answerTimeout,
}

const TEST_ENV = {
  SECRET: 'the secret of the tests, which is long enough',
  HASH_MAX_WAIT: '60s',
  RATE_LIMITS: 'off',
  LOG_LEVEL: 'debug',
  SHUTDOWN_GRACE: '2s',
}

/** The token that a mail's link carries. */
export function tokenOf({ parsed }: ReceivedMail): string {
  const token = /#token=([\w-]{43})/.exec(parsed.text ?? '')?.[1]
  if (token === undefined) throw new Error(`No link in: ${parsed.subject ?? 'a mail without subject'}`)
  return token
}

/** The code of eight digits in a mail, as its reader types it. */
export function codeOf({ parsed }: ReceivedMail): string {
  const code = /^(\d{4} \d{4})$/m.exec(parsed.text ?? '')?.[1]
  if (code === undefined) throw new Error(`No code in: ${parsed.subject ?? 'a mail without subject'}`)
  return code
}

function collectingLogger(level: string, lines: Record<string, unknown>[]) {
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().split('\n').filter(Boolean))
        lines.push(JSON.parse(line) as Record<string, unknown>)
      done()
    },
  })
  return createLogger({ level, pretty: false, destination })
}
