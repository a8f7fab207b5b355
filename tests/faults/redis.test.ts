import { execFile } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { createLogger } from '../../src/ops/logger'
import { type Budget, type Charge, type RateLimiter, createRateLimiter } from '../../src/ratelimit/rateLimiter'
import type { RedisServers } from '../../src/ratelimit/redisServers'
import { pingRedis } from '../../src/ratelimit/redisEngine'
import { makeCertificate } from '../support/certificate'
import { createDatabase } from '../support/database'
import { temporaryFolder } from '../support/process'
import { type RedisServer, startRedis, startSentinel, startTlsRedis } from '../support/redis'
import { until } from '../support/until'

const hourly: Budget = { name: 'login:IP+EMAIL', max: 10, window: 3_600_000 }

const folder = temporaryFolder()
let database: Awaited<ReturnType<typeof createDatabase>>
let pool: Pool
let server: RedisServer

beforeAll(async () => {
  database = await createDatabase()
  pool = new Pool({ connectionString: database.url, max: 4 })
  pool.on('error', () => undefined) // dropping the database ends connections that are still saying goodbye
})
beforeEach(async () => {
  server = await startRedis()
  await pool.query('TRUNCATE rate_limit_counters')
})
const opened: RateLimiter[] = []
/** Servers of one test alone. */
const others: RedisServer[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((limiter) => limiter.close()))
  await Promise.all([server, ...others.splice(0)].map((each) => each.stop()))
})
afterAll(async () => {
  await pool.end()
  await database.drop()
  folder.remove()
})

interface Line {
  level: string
  msg: string
  reason?: string
}

const hashKey = randomBytes(32)

function instance(options: { redis?: RedisServers; pool?: Pool } = {}) {
  const lines: Line[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) }
  const logger = createLogger({ level: 'info', pretty: false, destination })
  const limiter = createRateLimiter({
    ...{ pool, redis: { url: server.url }, hashKey, logger, enabled: true, now: Date.now, onRefused: () => undefined },
    ...options,
  })
  opened.push(limiter)
  const levels = () => lines.map(({ level }) => level)
  return { limiter, lines, levels }
}

const charge = (): Charge => ({ budget: hourly, subject: randomUUID() })
const admitted = (waits: number[]) => waits.filter((wait) => wait === 0).length
const times = (count: number, take: () => Promise<number>) => Promise.all(Array.from({ length: count }, take))

async function countedIn(url: string): Promise<number> {
  const redis = new Redis(url)
  const size = await redis.dbsize()
  redis.disconnect()
  return size
}

/** Resolves when the instance counts in Redis. */
const settled = (limiter: RateLimiter, url = server.url) =>
  until(async () => {
    const before = await countedIn(url)
    await limiter.consume([charge()])
    return (await countedIn(url)) > before
  })

/** Resolves when the connection that hangs has been given up, so that no call waits for it. */
const givenUp = (limiter: RateLimiter) =>
  until(async () => {
    const started = Date.now()
    await limiter.consume([charge()])
    return Date.now() - started < 100
  })

async function countedInPostgres(): Promise<number> {
  const { rows } = await pool.query<{ count: string }>('SELECT count(*) FROM rate_limit_counters')
  return Number(rows[0]?.count)
}

test('while Redis can be reached nothing is counted in PostgreSQL', async () => {
  const { limiter, lines } = instance()
  await settled(limiter)
  await pool.query('TRUNCATE rate_limit_counters')
  await times(50, () => limiter.consume([charge()]))
  expect(await countedInPostgres()).toBe(0)
  expect(lines).toEqual([])
})

test('a Redis that was never reachable is logged once, and budgets hold across instances in PostgreSQL', async () => {
  await server.kill()
  const [here, there] = [instance(), instance()]
  const one = charge()
  const waits = await Promise.all([
    times(50, () => here.limiter.consume([one])),
    times(50, () => there.limiter.consume([one])),
  ])
  expect(admitted(waits.flat())).toBe(hourly.max)
  await until(() => Promise.resolve(here.lines.length > 0))
  expect(here.lines).toEqual([expect.objectContaining({ level: 'warn', reason: 'ECONNREFUSED' })])
})

test('when Redis dies, calls go on and an instance admits what is left of the budget, with one warning', async () => {
  const { limiter, levels } = instance()
  await settled(limiter)
  const one = charge()
  expect(admitted(await times(4, () => limiter.consume([one])))).toBe(4)
  await server.kill()
  expect(admitted(await times(50, () => limiter.consume([one])))).toBe(6)
  await times(20, () => limiter.consume([charge()]))
  await until(() => Promise.resolve(levels().length > 0))
  expect(levels()).toEqual(['warn'])
})

test('when Redis dies under 100 calls at once, none fails and no more are admitted than the budget says', async () => {
  const { limiter } = instance()
  await settled(limiter)
  const one = charge()
  const first = times(50, () => limiter.consume([one]))
  const death = server.kill()
  const second = times(50, () => limiter.consume([one]))
  await death
  const waits = [...(await first), ...(await second), ...(await times(50, () => limiter.consume([one])))]
  expect(admitted(waits)).toBe(hourly.max)
})

test('when Redis comes back empty, an instance holds its spent budgets, and says once that it is back', async () => {
  const { limiter, levels } = instance()
  await settled(limiter)
  const [spent, half] = [charge(), charge()]
  await times(hourly.max, () => limiter.consume([spent]))
  await times(5, () => limiter.consume([half]))
  await server.kill()
  await times(2, () => limiter.consume([half]))
  await server.start()
  await settled(limiter)
  expect(admitted(await times(50, () => limiter.consume([spent])))).toBe(0)
  expect(admitted(await times(50, () => limiter.consume([half])))).toBe(3)
  await times(20, () => limiter.consume([charge()]))
  expect(levels()).toEqual(['warn', 'info'])
})

test('after an outage budgets are shared in Redis again', async () => {
  const [here, there] = [instance(), instance()]
  await settled(here.limiter)
  await settled(there.limiter)
  await server.kill()
  await here.limiter.consume([charge()])
  await server.start()
  await settled(here.limiter)
  await settled(there.limiter)
  const one = charge()
  const waits = await Promise.all([
    times(50, () => here.limiter.consume([one])),
    times(50, () => there.limiter.consume([one])),
  ])
  expect(admitted(waits.flat())).toBe(hourly.max)
})

test('a Redis that hangs holds a call for a second at most, then none, and budgets hold', async () => {
  const { limiter, levels } = instance()
  await settled(limiter)
  const one = charge()
  await times(4, () => limiter.consume([one]))
  server.hang()
  const asked = Date.now()
  expect(admitted(await times(50, () => limiter.consume([one])))).toBe(6)
  expect(Date.now() - asked).toBeLessThan(20_000) // 25 s if each waited for its own time limit, one after another

  await givenUp(limiter)
  const resting = Date.now()
  for (let call = 0; call < 50; call += 1) await limiter.consume([charge()])
  expect(Date.now() - resting).toBeLessThan(20_000) // 25 s if each waited
  expect(levels()).toEqual(['warn'])

  server.resume()
  await settled(limiter)
  expect(levels()).toEqual(['warn', 'info'])
})

// Sent again on the next connection, each call would be counted twice there: as waiting, and as sent again.
test('calls that waited for a Redis that hangs are counted there once at most', async () => {
  const [here, there] = [instance(), instance()]
  await settled(here.limiter)
  await settled(there.limiter)
  server.hang()
  const one = charge()
  expect(admitted(await times(5, () => here.limiter.consume([one])))).toBe(5)
  await givenUp(here.limiter)
  server.resume()
  await settled(here.limiter)
  await settled(there.limiter)
  expect(admitted(await times(50, () => there.limiter.consume([one])))).toBeGreaterThanOrEqual(5)
})

test('a connection that Redis closes is an outage until the next one is open', async () => {
  const { limiter, levels } = instance()
  await settled(limiter)
  const redis = new Redis(server.url)
  await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  redis.disconnect()
  await until(() => Promise.resolve(levels().length > 0))
  await settled(limiter)
  expect(levels()).toEqual(['warn', 'info'])
})

test('a Redis that refuses commands is as good as away, and its code is logged without its words', async () => {
  const { limiter, lines } = instance()
  await settled(limiter)
  const redis = new Redis(server.url)
  await redis.config('SET', 'maxmemory', '1') // writes are answered with OOM
  redis.disconnect()
  const one = charge()
  expect(admitted(await times(50, () => limiter.consume([one])))).toBe(hourly.max)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatchObject({ level: 'warn', reason: 'OOM' })
  expect(Object.keys(lines[0] ?? {}).sort()).toEqual(['level', 'msg', 'reason', 'time'])
})

test('a refund reaches the budget while Redis is away', async () => {
  await server.kill()
  const [here, there] = [instance(), instance()]
  const one = charge()
  await times(hourly.max, () => here.limiter.consume([one]))
  await here.limiter.refund([one])
  expect(admitted(await times(50, () => there.limiter.consume([one])))).toBe(1)
})

test('without Redis and without PostgreSQL a call is neither admitted nor refused', async () => {
  await server.kill()
  const nowhere = new Pool({ connectionString: 'postgres://127.0.0.1:1/none' })
  const { limiter } = instance({ pool: nowhere })
  await expect(limiter.consume([charge()])).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await nowhere.end()
})

test('a limiter that is closed while Redis hangs leaves no connection behind', async () => {
  const { limiter } = instance()
  await settled(limiter)
  server.hang()
  await limiter.close()
  server.resume()
  const redis = new Redis(server.url)
  await until(async () => Number(/connected_clients:(\d+)/.exec(await redis.info('clients'))?.[1]) === 1)
  redis.disconnect()
})

/** All that the server needs. */
const RIGHTS = '~gatehouse:rate-limit:* +eval +incrby +pttl +pexpire +get +decrby +info'

test('over TLS an ACL user with the rights of the documents counts, where the authority is known', async () => {
  const certificate = makeCertificate(folder.path, 'redis')
  const user = ['--user', 'default', 'off', '--user', 'gatehouse', 'on', '>a/secret', ...RIGHTS.split(' ')]
  const secure = await startTlsRedis(certificate, ...user)
  others.push(secure)
  const url = secure.url.replace('//', '//gatehouse:a%2Fsecret@')
  expect(await pingRedis({ url })).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')

  const engine = join(__dirname, '../../dist/ratelimit/redisEngine.js')
  const script = `require(process.argv[1]).pingRedis({ url: process.argv[2] }).then((problem) => console.log(problem))`
  const said = async (address: string) => {
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: certificate.cert }
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script, engine, address], { env })
    return stdout.trim()
  }
  expect(await Promise.all([said(url), said(secure.url), said(url.replace('secret', 'other'))])).toEqual([
    'null',
    'NOAUTH',
    'WRONGPASS',
  ])
})

test('behind Sentinel the primary is found, and after its death the one that replaces it; PostgreSQL counts meanwhile', async () => {
  const replica = await startRedis(
    '--replicaof',
    '127.0.0.1',
    new URL(server.url).port,
    '--repl-diskless-sync-delay',
    '0',
  )
  const sentinel = await startSentinel(server.url, join(folder.path, 'sentinel.conf'))
  others.push(replica, sentinel)
  const port = Number(new URL(sentinel.url).port)
  const sentinels = [
    { host: '127.0.0.1', port: 1 },
    { host: '127.0.0.1', port },
  ]
  const { limiter, lines } = instance({ redis: { url: 'redis://mymaster/1', sentinels, sentinelPassword: 'watching' } })
  const one = charge()
  await limiter.consume([one])
  const watching = new Redis(sentinel.url, { password: 'watching', enableReadyCheck: false })
  await until(async () => ((await watching.call('SENTINEL', 'replicas', 'mymaster')) as unknown[]).length === 1)
  watching.disconnect()
  await settled(limiter, `${server.url}/1`)

  await server.kill()
  expect(admitted(await times(hourly.max, () => limiter.consume([one])))).toBe(hourly.max - 1)
  await settled(limiter, `${replica.url}/1`)
  const inPostgres = await countedInPostgres()
  expect(await limiter.consume([charge()])).toBe(0)
  expect([await countedInPostgres(), lines.map(({ level }) => level)]).toEqual([inPostgres, ['warn', 'info']])

  const mistaken = { url: 'redis://mymaster', sentinels, sentinelPassword: 'another' }
  expect(await pingRedis(mistaken)).toBe('no Sentinel names the primary')
}, 20_000)
