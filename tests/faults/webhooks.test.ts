import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Client } from 'pg'
import { deriveSecrets } from '../../src/crypto/secrets'
import { systemClock } from '../../src/lib/clock'
import { createLogger } from '../../src/ops/logger'
import { createSampledLog } from '../../src/ops/sampledLog'
import { Dispatcher } from '../../src/outbox/dispatcher'
import { CONFIGURED_ENDPOINT_ID, syncConfiguredWebhook } from '../../src/services/configuredWebhook'
import { createWebhookEndpoint } from '../../src/services/createWebhookEndpoint'
import { type Database, openDatabase } from '../../src/store/database'
import { recordChange } from '../../src/store/webhookDeliveries'
import { WebhookDelivery } from '../../src/webhooks/webhookDelivery'
import { type TestDatabase, createDatabase } from '../support/database'
import { waitsForLock } from '../support/locks'
import { type ReceivedWebhook, WEBHOOK_SECRET, WebhookReceiver, answerWith, verifyWebhook } from '../support/receiver'
import { until } from '../support/until'

const SECRET = 'the secret of the webhook tests, long enough'
const OTHER_SECRET = 'another secret of the webhook tests, long enough'
const config = { webhookPrivateHosts: ['127.0.0.1'] }

let testDatabase: TestDatabase
let database: Database
let receiver: WebhookReceiver
const closers: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  testDatabase = await createDatabase()
  database = openDatabase({ url: testDatabase.url, poolSize: 8, onIdleError: () => undefined })
  receiver = await new WebhookReceiver().start()
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await receiver.stop()
  await database.close()
  await testDatabase.drop()
})

/** One instance of what sends webhooks. */
function start(secrets = deriveSecrets(SECRET, null)): Dispatcher {
  const logger = createLogger({ level: 'silent', pretty: false })
  const parts = { config, database, secrets, clock: systemClock, logger, sampledLog: createSampledLog(logger) }
  const kind = new WebhookDelivery({ ...parts, observe: () => undefined })
  const dispatcher = new Dispatcher({ database, logger, kind, pollInterval: 20 })
  closers.push(() => dispatcher.stop(5_000))
  return dispatcher
}

async function createEndpoint(): Promise<{ id: string; secret: string }> {
  const sessionCache = { invalidate: () => undefined }
  const parts = { config, database, clock: systemClock, secrets: deriveSecrets(SECRET, null), sessionCache }
  const log = createLogger({ level: 'silent', pretty: false })
  const actor = { kind: 'cli', ipAddress: null, userAgent: null, log } as const
  const input = { url: receiver.url, events: [], include: [], description: '' }
  const { endpoint, secret } = await createWebhookEndpoint(parts, actor, input)
  return { id: endpoint.id, secret }
}

const queue = () => {
  const now = new Date()
  const by = { actorKind: 'system', actorId: null, ipAddress: null, userAgent: null, requestId: null } as const
  const audit = [{ ...by, type: 'webhook_test_queued', userId: null, now } as const]
  return database.transaction((tx) => recordChange(tx, { audit, events: [{ type: 'webhook.test', data: {} }], now }))
}

async function delivered(): Promise<number> {
  return database.prisma.webhookDelivery.count({ where: { deliveredAt: { not: null } } })
}

test('20 deliveries whose process is killed between the answer and the note of it: each event arrives again under its id', async () => {
  const secrets = new Map<string, string>()
  for (let count = 0; count < 5; count += 1) {
    const { id, secret } = await createEndpoint()
    secrets.set(id, secret)
  }
  const lock = new Client({ connectionString: testDatabase.url })
  await lock.connect()
  closers.push(() => lock.end())

  for (let round = 1; round <= 4; round += 1) {
    await queue()
    await killAfterAnswers(lock, 5)
    // The next rounds leave it alone.
    await database.pool.query("UPDATE webhook_deliveries SET due_at = now() + interval '1 hour'")
  }
  expect([await delivered(), receiver.webhooks.length]).toEqual([0, 20])
  await database.pool.query("UPDATE webhook_deliveries SET due_at = now(), leased_until = now() - interval '1 second'")
  receiver.answer = answerWith(204)
  start()
  await until(async () => (await delivered()) === 20)

  const deliveries = await database.prisma.webhookDelivery.findMany()
  for (const { endpointId, eventId } of deliveries) {
    const secret = secrets.get(endpointId) ?? ''
    const copies = receiver.webhooks.filter((webhook) => webhook.id === eventId && isSignedBy(webhook, secret))
    expect([copies.length, new Set(copies.map(({ body }) => body)).size]).toEqual([2, 1])
  }
})

function isSignedBy(webhook: ReceivedWebhook, secret: string): boolean {
  try {
    return verifyWebhook(webhook, secret) !== undefined
  } catch {
    return false
  }
}

/** Lets a process send so many events, and kills it while it waits to note the answers. */
async function killAfterAnswers(lock: Client, count: number): Promise<void> {
  const asked: [ReceivedWebhook, ServerResponse][] = []
  receiver.answer = (webhook, response) => asked.push([webhook, response])
  const sender = spawn(process.execPath, [join(__dirname, '../support/killedSender.cjs'), testDatabase.url, SECRET])
  closers.push(() => ended(sender))
  await until(() => asked.length === count)
  await lock.query('BEGIN')
  await lock.query('SELECT id FROM webhook_deliveries FOR UPDATE')
  for (const [, response] of asked) response.writeHead(204).end()
  const waiting = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
    AND query LIKE '%SET delivered_at =%'`
  const pids = await until(async () => {
    const { rows } = await database.pool.query<{ pid: number }>(waiting)
    return rows.length === count && rows.map(({ pid }) => pid)
  })
  await ended(sender)
  // Its statements wait in the database still, which would carry them out.
  await database.pool.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) pid', [pids])
  await until(async () => (await database.pool.query(waiting)).rows.length === 0)
  await lock.query('COMMIT')
}

async function ended(sender: ChildProcess): Promise<void> {
  if (sender.exitCode !== null || sender.signalCode !== null) return
  const exit = once(sender, 'exit')
  sender.kill('SIGKILL')
  await exit
}

test('two instances send fifty events once each', async () => {
  await createEndpoint()
  await Promise.all(Array.from({ length: 50 }, queue))
  start()
  start()
  await until(async () => (await delivered()) === 50)
  expect(receiver.webhooks).toHaveLength(50)
  expect(new Set(receiver.webhooks.map(({ id }) => id)).size).toBe(50)
})

test('an endpoint that is removed while an event is written for it fails no change', async () => {
  const { id } = await createEndpoint()
  const remover = new Client({ connectionString: testDatabase.url })
  await remover.connect()
  closers.push(() => remover.end())
  await remover.query('BEGIN')
  await remover.query('DELETE FROM webhook_endpoints WHERE id = $1', [id])
  const written = queue()
  await waitsForLock(remover, written)
  await remover.query('COMMIT')
  await written
  expect(await database.prisma.webhookDelivery.count()).toBe(0)
})

test('a secret that was sealed under SECRET_PREVIOUS signs, and is sealed anew', async () => {
  const { secret } = await createEndpoint()
  await queue()
  const during = start(deriveSecrets(OTHER_SECRET, SECRET))
  await until(async () => (await delivered()) === 1)
  await during.stop(5_000)
  await queue()
  start(deriveSecrets(OTHER_SECRET, null))
  await until(async () => (await delivered()) === 2)
  for (const webhook of receiver.webhooks) verifyWebhook(webhook, secret)
})

test('without the SECRET that sealed it nothing is sent, and the attempt says so', async () => {
  await createEndpoint()
  await queue()
  start(deriveSecrets(OTHER_SECRET, null))
  const failed = await until(() => database.prisma.webhookDelivery.findFirst({ where: { attempts: 1 } }))
  expect([failed.lastError, receiver.webhooks.length]).toEqual(['SECRET_LOST', 0])
})

test('WEBHOOK_URL is one endpoint: it follows the environment, and both secrets sign after a change', async () => {
  const changed = `whsec_${Buffer.alloc(32, 8).toString('base64')}`
  const sync = (webhookSecret: string | null, webhookUrl: string | null = receiver.url) => {
    const given = { webhookUrl, webhookSecret, webhookEvents: [] }
    return syncConfiguredWebhook({ config: given, database, clock: systemClock, secrets: deriveSecrets(SECRET, null) })
  }
  const row = () => database.prisma.webhookEndpoint.findUniqueOrThrow({ where: { id: CONFIGURED_ENDPOINT_ID } })
  await sync(WEBHOOK_SECRET)
  const first = await row()
  await sync(WEBHOOK_SECRET)
  expect(await row()).toEqual(first)
  await sync(changed)
  await queue()
  start()
  await until(async () => (await delivered()) === 1)
  const [webhook] = receiver.webhooks
  if (!webhook) throw new Error('nothing was received')
  verifyWebhook(webhook, WEBHOOK_SECRET)
  verifyWebhook(webhook, changed)
  await sync(null, null)
  expect(await row()).toMatchObject({ disabledReason: 'NOT_CONFIGURED' })
  await queue()
  expect(await database.prisma.webhookDelivery.count()).toBe(1)
  await sync(changed)
  expect(await row()).toMatchObject({ disabledReason: null })
})
