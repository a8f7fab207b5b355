import { Client } from 'pg'
import { JobRunner, type Task } from '../../src/jobs/runner'
import type { PeriodicTask } from '../../src/jobs/periodic'
import { createLogger } from '../../src/ops/logger'
import { type Database, openDatabase } from '../../src/store/database'
import { type TestDatabase, createDatabase, databaseUrl } from '../support/database'
import { Watched } from '../support/smtp'

class Witness extends Watched {
  readonly log: string[] = []
  readonly runs: unknown[] = []

  write(line: string): void {
    this.log.push(line)
    this.wake()
  }
  ran(payload: unknown): Promise<void> {
    this.runs.push(payload)
    this.wake()
    return Promise.resolve()
  }
  waitForRuns(count: number): Promise<true> {
    return this.until(() => this.runs.length >= count || undefined)
  }
}

let testDatabase: TestDatabase
let witness: Witness
const runners: { jobs: JobRunner; database: Database }[] = []
const rejections: unknown[] = []
const onRejection = (reason: unknown) => rejections.push(reason)

beforeEach(async () => {
  testDatabase = await createDatabase()
  witness = new Witness()
  rejections.length = 0
  process.on('unhandledRejection', onRejection)
})

afterEach(async () => {
  for (const { jobs, database } of runners.splice(0)) {
    await jobs.stop(1_000)
    await database.close()
  }
  process.off('unhandledRejection', onRejection)
  await testDatabase.drop()
})

function start(tasks: Record<string, Task>, every: PeriodicTask[] = []): JobRunner {
  const database = openDatabase({ url: testDatabase.url, poolSize: 6, onIdleError: () => undefined })
  const logger = createLogger({ level: 'debug', pretty: false, destination: witness })
  const jobs = new JobRunner({
    pool: database.pool,
    tasks,
    every,
    logger,
    concurrency: 2,
    pollInterval: 20,
    lookInterval: 20,
  })
  runners.push({ jobs, database })
  return jobs
}

async function asAdmin(url: string, statement: string, values: unknown[] = []): Promise<unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<Record<string, unknown>>(statement, values)
  await client.end()
  return rows
}

const add = (task: string, payload: unknown) =>
  asAdmin(testDatabase.url, 'SELECT graphile_worker.add_job($1, $2::json)', [task, JSON.stringify(payload)])

const nameOf = (url: string) => new URL(url).pathname.slice(1)

async function takeDatabaseAway(): Promise<void> {
  const name = nameOf(testDatabase.url)
  await asAdmin(databaseUrl('postgres'), `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`)
  await asAdmin(databaseUrl('postgres'), 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
    name,
  ])
}

const bringDatabaseBack = () =>
  asAdmin(databaseUrl('postgres'), `ALTER DATABASE ${nameOf(testDatabase.url)} ALLOW_CONNECTIONS true`)

test('a database that is away at the start is waited for', async () => {
  await add('work', 1)
  await takeDatabaseAway()
  start({ work: (payload) => witness.ran(payload) })
  await witness.until(() => witness.log.find((line) => line.includes('The workers wait for the database')))
  await bringDatabaseBack()
  await witness.waitForRuns(1)
  expect(rejections).toEqual([])
})

test('a database that goes away in the middle of a job is waited for, and the job is done', async () => {
  let finish: () => void = () => undefined
  const finished = new Promise<void>((done) => (finish = done))
  start({
    work: async (payload) => {
      await witness.ran(payload)
      await finished
    },
  })
  await add('work', 1)
  await witness.waitForRuns(1)
  await takeDatabaseAway()
  await witness.until(() => witness.log.find((line) => line.includes('The workers wait for the database')))
  finish()
  await witness.until(() => witness.log.find((line) => line.includes('committing seppuku')))
  await bringDatabaseBack()
  const returned = Date.now()
  await witness.waitForRuns(2) // at least once: that it was done could not be told
  await add('work', 2)
  await witness.until(() => witness.runs.find((payload) => payload === 2))
  expect(Date.now() - returned).toBeLessThan(10_000)
  expect(rejections).toEqual([])
})

test('periodic work is done once per period, however many instances there are', async () => {
  const every = { name: 'purge', milliseconds: 200, run: () => witness.ran(Date.now()) }
  const started = Date.now()
  for (let count = 0; count < 3; count += 1) start({}, [every])
  await witness.waitForRuns(4)
  expect(witness.runs.length).toBeLessThanOrEqual((Date.now() - started) / 200 + 1)
})

test('periodic work that fails is tried again, and does not end', async () => {
  let tries = 0
  const run = () => {
    tries += 1
    if (tries === 1) return Promise.reject(new Error('not yet'))
    return witness.ran(tries)
  }
  start({}, [{ name: 'purge', milliseconds: 100, run }])
  await witness.waitForRuns(2)
})

test('what a task throws is told without its words, in the log and in the row of the job', async () => {
  start({
    work: () => Promise.reject(Object.assign(new Error('550 <ada@example.com> unknown'), { code: 'EENVELOPE' })),
  })
  await add('work', 1)
  await witness.until(() => witness.log.find((line) => line.includes('EENVELOPE')))
  await runners.splice(0).reduce(async (before, { jobs, database }) => {
    await before
    await jobs.stop(1_000)
    await database.close()
  }, Promise.resolve())
  const rows = await asAdmin(testDatabase.url, 'SELECT last_error FROM graphile_worker.jobs')
  expect(rows).toEqual([{ last_error: 'Error EENVELOPE' }])
  expect(witness.log.join('')).not.toContain('ada@example.com')
})
