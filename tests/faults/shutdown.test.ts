import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Client } from 'pg'
import { clusterFolder } from '../../src/dev/postgresCluster'
import { findPostmaster } from '../../src/dev/postgresProcess'
import { tokenOf } from '../support/app'
import { call } from '../support/client'
import { type TestDatabase, createDatabase } from '../support/database'
import { PASSWORD, someone } from '../support/people'
import { CHEAP, TestProcess, startServer, temporaryFolder } from '../support/process'
import { TestSmtpServer } from '../support/smtp'
import { until } from '../support/until'

/**
 * MiB that a server may hold once it is ready: 50 of them are dictionaries, given back after five minutes without use. Node 22
 * and later hold more beside the heap, which is of the same size.
 */
const MEMORY_LIMIT = Number.parseInt(process.versions.node) < 22 ? 180 : 240

let database: TestDatabase
let smtp: TestSmtpServer
const folder = temporaryFolder()
beforeAll(async () => {
  database = await createDatabase()
  smtp = await new TestSmtpServer().start()
})
afterAll(async () => {
  await smtp.stop()
  await database.drop()
  folder.remove()
})

const onDatabase = () => ({ DATABASE_URL: database.url, SMTP_URL: smtp.url, DATA_DIR: folder.path })

const isGone = (url: string) =>
  fetch(`${url}/health/live`).then(
    () => false,
    () => true,
  )

async function verifiedPerson(url: string): Promise<string> {
  const email = someone()
  await call(url, 'register', { email, password: PASSWORD })
  await call(url, 'verifyEmail', { token: tokenOf(await smtp.waitFor(email)) })
  return email
}

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it with 0, after the login that was under way', async (signal) => {
  const { url, process } = await startServer({ ...onDatabase(), BCRYPT_COST: '13', SHUTDOWN_GRACE: '60s' })
  const email = await verifiedPerson(url)
  const login = call(url, 'login', { email, password: PASSWORD })
  await until(async () => (await (await fetch(`${url}/metrics`)).text()).includes('gatehouse_hash_running 1'))
  expect(await process.stop(signal)).toEqual({ code: 0, signal: null })
  expect((await login).code).toBe('SUCCESS')
  expect(await isGone(url)).toBe(true)
  expect(process.logLines().map(({ event }) => event)).toEqual(expect.arrayContaining(['stopping', 'stopped']))
})

test('requests and mails that do not finish share one grace, and the lease of the mail is returned', async () => {
  const { url, process } = await startServer({ ...onDatabase(), SHUTDOWN_GRACE: '10s' })
  const email = someone()
  smtp.behaviourOf.set(email, 'hang')
  await call(url, 'register', { email, password: PASSWORD })
  await smtp.waitForAttempts(email, 1)
  const { hostname, port } = new URL(url)
  const unfinished = connect(Number(port), hostname)
  unfinished.on('error', () => undefined) // cut when the grace is over
  await once(unfinished, 'connect')
  unfinished.write(
    `POST /graphql HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
  )
  // One grace after another would exceed what the process may take: grace and five seconds.
  expect(await process.stop('SIGTERM')).toEqual({ code: 0, signal: null })
  expect(process.logLines().map(({ event }) => event)).toContain('stopped')
  unfinished.destroy()

  const client = new Client({ connectionString: database.url })
  await client.connect()
  const { rows } = await client.query('SELECT lease_owner, leased_until, attempts FROM mails WHERE recipient = $1', [
    email,
  ])
  await client.query('DELETE FROM mails WHERE recipient = $1', [email])
  await client.end()
  expect(rows).toEqual([{ lease_owner: null, leased_until: null, attempts: 0 }])
})

test('a second signal ends the drain at once', async () => {
  const { url, process } = await startServer({ ...onDatabase(), SHUTDOWN_DRAIN: '10m' })
  process.kill('SIGTERM')
  await until(async () => (await (await fetch(`${url}/health/ready`)).text()).includes('stopping'))
  expect((await call(url, 'login', { email: someone(), password: PASSWORD })).code).toBe('INVALID_CREDENTIALS')
  expect(await process.stop('SIGTERM')).toEqual({ code: 0, signal: null })
  expect(await isGone(url)).toBe(true)
})

test('after the drain it ends by itself', async () => {
  const { process } = await startServer({ ...onDatabase(), SHUTDOWN_DRAIN: '1s' })
  expect(await process.stop('SIGTERM')).toEqual({ code: 0, signal: null })
})

test('npm start says that it is ready once it is, passes the signal on, and nothing stays behind', async () => {
  // Without its prestart, which builds: another test may be running from that folder.
  const args = ['start', '--ignore-scripts']
  const env = { ...CHEAP, ...onDatabase() }
  const npm = new TestProcess({ command: 'npm', args, env, group: true })
  const url = await npm.listening()
  await npm.until(() => npm.output.includes('is ready.') || undefined)
  expect((await fetch(`${url}/health/ready`)).status).toBe(200)
  expect(await npm.stop('SIGTERM')).toEqual({ code: 0, signal: null })
  expect(npm.output).toContain('"event":"stopped"')
  expect(await isGone(url)).toBe(true)
})

test('the embedded PostgreSQL stops with it, and the next start finds what was stored', async () => {
  const data = temporaryFolder()
  const env = { DATA_DIR: data.path }
  const isRunning = () => {
    return findPostmaster(join(clusterFolder(data.path), 'data')) !== null
  }
  const first = await startServer(env)
  const email = someone()
  expect((await call(first.url, 'register', { email, password: PASSWORD })).code).toBe('SUCCESS')
  expect(isRunning()).toBe(true)
  expect(await first.process.stop()).toEqual({ code: 0, signal: null })
  expect(isRunning()).toBe(false)

  const second = await startServer(env)
  // The right password of an account that waits for its verification, and of no other.
  expect((await call(second.url, 'login', { email, password: PASSWORD })).code).toBe('EMAIL_NOT_VERIFIED')
  await second.process.stop('SIGINT')
  expect(isRunning()).toBe(false)
  data.remove()
})

test('an error that nothing has caught is logged without its words, and ends it with 1', async () => {
  const fault = join(folder.path, 'fault.cjs')
  writeFileSync(fault, `process.on('SIGUSR2', () => { throw new Error('canary of ' + 'the fault') })`)
  const { url, process } = await startServer({ ...onDatabase(), NODE_OPTIONS: `--require=${fault}` })
  expect(await process.stop('SIGUSR2')).toEqual({ code: 1, signal: null })
  expect(process.logLines()).toContainEqual(expect.objectContaining({ level: 'fatal', event: 'uncaught_exception' }))
  expect(process.output).not.toContain('canary of the fault')
  expect(await isGone(url)).toBe(true)
})

test(`on a database that is there, it holds less than ${MEMORY_LIMIT} MiB once it is ready`, async () => {
  const { url, process } = await startServer(onDatabase())
  await until(async () => (await fetch(`${url}/health/ready`)).ok)
  await call(url, 'login', { email: someone(), password: PASSWORD })
  expect(process.residentMemory()).toBeLessThan(MEMORY_LIMIT)
  await process.stop()
})
