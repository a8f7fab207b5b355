import { v7 as uuidv7 } from 'uuid'
import { later } from '../../src/lib/clock'
import { createLogger } from '../../src/ops/logger'
import { type DeliveryKind, Dispatcher, type Outcome } from '../../src/outbox/dispatcher'
import { type PeriodicTask, startPeriodic } from '../../src/outbox/periodic'
import { NotificationListener } from '../../src/store/notificationListener'
import { readDatabaseUrl } from '../../src/store/connection'
import { type Database, openDatabase } from '../../src/store/database'
import { queueMail } from '../../src/store/outbox'
import { type TestDatabase, createDatabase } from '../support/database'
import { Watched } from '../support/smtp'
import { TcpProxy } from '../support/tcpProxy'
import { until } from '../support/until'

const HOUR = 3_600_000

/** What was logged and delivered, to wait for. */
class Witness extends Watched {
  readonly log: string[] = []
  readonly delivered: string[] = []

  write(line: string): void {
    this.log.push(line)
    this.wake()
  }
  deliver(id: string): void {
    this.delivered.push(id)
    this.wake()
  }
  waitFor(id: string, times = 1): Promise<true> {
    return this.until(() => this.delivered.filter((one) => one === id).length >= times || undefined)
  }
  waitForLog(text: string): Promise<string> {
    return this.until(() => this.log.find((line) => line.includes(text)))
  }
}

let testDatabase: TestDatabase
let proxy: TcpProxy
let db: Database
let witness: Witness
const closers: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  testDatabase = await createDatabase()
  proxy = await TcpProxy.start(testDatabase.url)
  db = openDatabase({ url: testDatabase.url, poolSize: 4, onIdleError: () => undefined })
  witness = new Witness()
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
  await proxy.cut()
  await db.close()
  await testDatabase.drop()
})

interface Options extends Partial<Omit<DeliveryKind, 'deliver'>> {
  deliver?: (id: string) => Promise<Outcome>
  pollInterval?: number
  lease?: number
  /** Reaches the database through the proxy that a test can cut. */
  throughProxy?: boolean
}

/** An instance whose deliveries the test decides. Without one, a delivery succeeds. */
function start({ pollInterval = 20, lease = 10_000, throughProxy = false, ...changes }: Options = {}): Dispatcher {
  const url = throughProxy ? proxy.url : testDatabase.url
  const database = openDatabase({ url, poolSize: 6, onIdleError: () => undefined })
  const settle = async (id: string): Promise<Outcome> => {
    await database.prisma.mail.deleteMany({ where: { id } })
    return 'settled'
  }
  const { deliver = settle, ...rest } = changes
  const kind: DeliveryKind = {
    ...{ table: 'mails', concurrency: 4, firstRetry: 10, maxRetry: HOUR, mayLease: () => true, ...rest },
    deliver: (id) => {
      witness.deliver(id)
      return deliver(id)
    },
  }
  const logger = createLogger({ level: 'debug', pretty: false, destination: witness })
  const dispatcher = new Dispatcher({ database, kind, logger, pollInterval, lease })
  closers.push(async () => {
    await dispatcher.stop(0)
    await database.close()
  })
  return dispatcher
}

const queue = () =>
  db.transaction((tx) => {
    const now = new Date()
    const mail = { name: 'passwordChanged' as const, recipient: 'ada@example.com', locale: 'en' }
    return queueMail(tx, { ...mail, now, expiresAt: later(now, HOUR) })
  })

const row = (id: string) => db.prisma.mail.findUnique({ where: { id } })
const isGone = (id: string) => until(async () => (await row(id)) === null)

/** A delivery that ends when the test says so. */
function held() {
  let end: (outcome: Outcome) => void = () => undefined
  const ended = new Promise<Outcome>((resolve) => (end = resolve))
  return { deliver: () => ended, end }
}

test('two instances deliver a row once, and its lease is renewed for as long as that takes', async () => {
  const id = await queue()
  const { deliver, end } = held()
  start({ deliver, lease: 3_000 })
  await witness.waitFor(id)
  const leased = (await row(id))?.leasedUntil
  start({ deliver })
  await until(async () => ((await row(id))?.leasedUntil ?? new Date(0)) > (leased ?? new Date()))
  expect(witness.delivered).toEqual([id])
  await db.prisma.mail.delete({ where: { id } })
  end('settled')
})

test('a row whose instance was killed is delivered by another once the lease has run out, and not before', async () => {
  const id = await queue()
  await db.prisma.mail.update({
    where: { id },
    data: { leaseOwner: uuidv7(), leasedUntil: later(new Date(), HOUR) },
  })
  start()
  const other = await queue()
  await witness.waitFor(other)
  expect(witness.delivered).toEqual([other])
  await db.prisma.$executeRaw`UPDATE mails SET leased_until = now() WHERE id = ${id}::uuid`
  await witness.waitFor(id)
})

test('an instance that lost its lease leaves the row to the one that has it', async () => {
  const id = await queue()
  const { deliver, end } = held()
  const first = start({ deliver })
  await witness.waitFor(id)
  const owner = uuidv7()
  await db.prisma.mail.update({ where: { id }, data: { leaseOwner: owner, leasedUntil: later(new Date(), HOUR) } })
  end('failed')
  await first.stop(HOUR)
  expect(await row(id)).toMatchObject({ leaseOwner: owner, attempts: 0 })
})

test('a row that fails is counted and waits longer each time; others are delivered meanwhile', async () => {
  const poison = await queue()
  const settle = async (id: string): Promise<Outcome> => {
    if (id === poison) throw Object.assign(new Error('550 <ada@example.com>'), { code: 'EENVELOPE' })
    await db.prisma.mail.delete({ where: { id } })
    return 'settled'
  }
  start({ deliver: settle, concurrency: 1 })
  await witness.waitFor(poison, 2)
  for (const id of [await queue(), await queue()]) await isGone(id)
  await witness.waitFor(poison, 4)
  const failed = await until(async () => {
    const found = await row(poison)
    return found && found.attempts >= 4 && found
  })
  expect(failed.dueAt.getTime()).toBeGreaterThan(failed.createdAt.getTime())
  expect(await witness.waitForLog('delivery_failed')).toContain('EENVELOPE')
  expect(witness.log.join('')).not.toContain('ada@example.com')
})

test('while the other side is down nothing is leased, and no attempt is counted', async () => {
  const id = await queue()
  let down = false
  start({
    mayLease: () => !down,
    deliver: () => {
      down = true
      return Promise.resolve('unavailable')
    },
  })
  await witness.waitFor(id)
  await witness.waitForLog('Nothing is leased')
  expect(witness.delivered).toEqual([id])
  const found = await until(async () => {
    const one = await row(id)
    return one?.leaseOwner === null && one
  })
  expect(found.attempts).toBe(0)
})

test('a kind never delivers more at once than its concurrency, and each kind has its own', async () => {
  for (let count = 0; count < 8; count += 1) await queue()
  let running = 0
  let most = 0
  const deliver = async (id: string): Promise<Outcome> => {
    most = Math.max(most, (running += 1))
    await db.prisma.mail.delete({ where: { id } })
    running -= 1
    return 'settled'
  }
  start({ concurrency: 2, deliver })
  await until(async () => (await db.prisma.mail.count()) === 0)
  expect(most).toBeLessThanOrEqual(2)
  expect(witness.delivered).toHaveLength(8)
})

describe('a row is found', () => {
  function listen(dispatcher: Dispatcher, url: string): NotificationListener {
    const listener = new NotificationListener({
      target: readDatabaseUrl(url),
      notify: (payload) => db.pool.query("SELECT pg_notify('gatehouse', $1)", [payload]),
      onError: () => undefined,
    })
    closers.push(() => listener.close())
    listener.subscribe({
      onNotification: ({ kind }) => kind === 'mails' && dispatcher.wake(),
      onListening: () => dispatcher.wake(),
    })
    return listener
  }

  test('by the notification of its commit, without a poll', async () => {
    const listener = listen(start({ pollInterval: HOUR }), testDatabase.url)
    await until(() => Promise.resolve(listener.isListening()))
    await witness.waitFor(await queue())
  })

  test('when listening begins anew: what was announced meanwhile was missed', async () => {
    const listener = listen(start({ pollInterval: HOUR }), proxy.url)
    await until(() => Promise.resolve(listener.isListening()))
    await proxy.cut()
    await until(() => Promise.resolve(!listener.isListening()))
    const id = await queue()
    expect(witness.delivered).toEqual([])
    await proxy.mend()
    await witness.waitFor(id)
  })

  test('by polling, where nothing listens', async () => {
    start({ pollInterval: 20 })
    await witness.waitFor(await queue())
  })

  test('one minute later where the release before wrote it, whose own queue sends it first', async () => {
    const id = uuidv7()
    await db.prisma.$executeRaw`
      INSERT INTO mails (id, name, recipient, expires_at)
      VALUES (${id}::uuid, 'passwordChanged', 'ada@example.com', now() + interval '1 hour')`
    const due = (await row(id))?.dueAt.getTime() ?? 0
    expect(Math.abs(due - Date.now() - 60_000)).toBeLessThan(30_000)
    start()
    await witness.waitFor(await queue())
    expect(witness.delivered).not.toContain(id)
    await db.prisma.$executeRaw`UPDATE mails SET due_at = now() WHERE id = ${id}::uuid`
    await isGone(id)
  })
})

test('an instance that stops claims nothing more and returns what it could not finish, due at once', async () => {
  const id = await queue()
  const { deliver } = held()
  const dispatcher = start({ deliver })
  await witness.waitFor(id)
  await dispatcher.stop(10)
  const { rows } = await db.pool.query('SELECT lease_owner, attempts, due_at <= now() AS due FROM mails')
  expect(rows).toEqual([{ lease_owner: null, attempts: 0, due: true }])
  const late = await queue()
  dispatcher.wake()
  start()
  await isGone(late)
  expect(witness.delivered.filter((one) => one === late)).toHaveLength(1)
})

test('an instance that stops lets a delivery under way finish', async () => {
  const id = await queue()
  const { deliver, end } = held()
  const dispatcher = start({
    deliver: async () => {
      const outcome = await deliver()
      await db.prisma.mail.delete({ where: { id } })
      return outcome
    },
  })
  await witness.waitFor(id)
  const stopped = dispatcher.stop(HOUR)
  end('settled')
  await stopped
  expect(await row(id)).toBeNull()
})

test('a database that is down at the start or later is waited for, reported once, and no attempt is counted', async () => {
  await proxy.cut()
  start({ throughProxy: true })
  await witness.waitForLog('The outbox waits for the database')
  const id = await queue()
  await proxy.mend()
  await isGone(id)

  const { deliver, end } = held()
  const next = await queue()
  closers.push(() => {
    end('unavailable')
    return Promise.resolve()
  })
  start({ throughProxy: true, deliver })
  await witness.waitFor(next)
  await proxy.cut()
  await until(() =>
    Promise.resolve(witness.log.filter((line) => line.includes('The outbox waits for the database')).length >= 2),
  )
  await proxy.mend()
  expect((await row(next))?.attempts ?? 0).toBe(0)
  await db.prisma.mail.deleteMany()
})

describe('periodic work', () => {
  const logger = () => createLogger({ level: 'debug', pretty: false, destination: witness })
  const every = (run: PeriodicTask['run']): PeriodicTask[] => [{ name: 'purge', interval: 5, run }]

  test('that fails is run again, and its error is logged without its message', async () => {
    let runs = 0
    const stop = startPeriodic(
      every(() => {
        witness.deliver(`run ${(runs += 1)}`)
        return Promise.reject(Object.assign(new Error('canary'), { code: '57P01' }))
      }),
      logger(),
    )
    await witness.waitFor('run 3')
    await stop()
    expect(await witness.waitForLog('periodic_task_failed')).toContain('57P01')
    expect(witness.log.join('')).not.toContain('canary')
  })

  test('that is under way is waited for by whoever stops it, and does not come again', async () => {
    let finish: () => void = () => undefined
    const finished = new Promise<void>((resolve) => (finish = resolve))
    let ended = false
    const stop = startPeriodic(
      every(async () => {
        witness.deliver('run')
        await finished
        ended = true
      }),
      logger(),
    )
    await witness.waitFor('run')
    const stopped = stop()
    finish()
    await stopped
    expect(ended).toBe(true)
    expect(witness.delivered).toEqual(['run'])
  })
})
