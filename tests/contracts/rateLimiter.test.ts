import { randomBytes, randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { createLogger } from '../../src/ops/logger'
import type { Count, CounterEngine } from '../../src/ratelimit/counterEngine'
import { LocalCounters } from '../../src/ratelimit/localCounters'
import { createPostgresEngine } from '../../src/ratelimit/postgresEngine'
import { type Budget, type Charge, type RateLimiter, createRateLimiter } from '../../src/ratelimit/rateLimiter'
import type { RedisServers } from '../../src/ratelimit/redisServers'
import { createRedisEngine } from '../../src/ratelimit/redisEngine'
import { createDatabase } from '../support/database'
import { type RedisServer, startRedis } from '../support/redis'

const HOUR = 3_600_000
const hourly: Budget = { name: 'login:IP+EMAIL', max: 10, window: HOUR }
const logger = createLogger({ level: 'silent', pretty: false })

let database: Awaited<ReturnType<typeof createDatabase>>
let pool: Pool
let server: RedisServer
let redis: Redis

beforeAll(async () => {
  database = await createDatabase()
  pool = new Pool({ connectionString: database.url, max: 4 })
  pool.on('error', () => undefined) // dropping the database ends connections that are still saying goodbye
  server = await startRedis()
  redis = new Redis(server.url)
})

afterAll(async () => {
  redis.disconnect()
  await server.stop()
  await pool.end()
  await database.drop()
})

/** How far the clock of the instances is ahead. */
let ahead = 0
const now = () => Date.now() + ahead

afterEach(() => {
  ahead = 0
})

function times<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, make))
}

/** One key of a place where calls are counted. */
interface Counters {
  hit: (key: string, budget: Budget) => Promise<Count>
  refund: (key: string, budget: Budget) => Promise<void>
}

/** An engine, asked about one key at a time. */
function singly(engine: CounterEngine): Counters {
  return {
    async hit(key, { window }) {
      const [count] = await engine.hit([{ key, calls: 1, window }])
      if (!count) throw new Error('No count')
      return count
    },
    refund: (key, { max }) => engine.refund([{ key, max }]),
  }
}

/** What every place where calls are counted promises. `endWindow` moves the end of a window to the present. */
function keepsCounts(open: () => { engine: Counters; endWindow: (key: string) => unknown }) {
  test('each call counts one, in a window that the first one opened', async () => {
    const { engine } = open()
    const key = randomUUID()
    const first = await engine.hit(key, hourly)
    const second = await engine.hit(key, hourly)
    expect([first.calls, second.calls]).toEqual([1, 2])
    expect(first.msLeft).toBeGreaterThan(HOUR - 5_000)
    expect(first.msLeft).toBeLessThanOrEqual(HOUR)
    expect(second.msLeft).toBeLessThanOrEqual(first.msLeft)
  })

  // Read-then-write would tell the same number twice.
  test('of 100 calls at once no two get the same number', async () => {
    const { engine } = open()
    const key = randomUUID()
    const counts = await times(100, () => engine.hit(key, hourly))
    expect(counts.map(({ calls }) => calls).sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i + 1))
  })

  test('keys have nothing to do with each other', async () => {
    const { engine } = open()
    await times(5, () => engine.hit(randomUUID(), hourly))
    expect((await engine.hit(randomUUID(), hourly)).calls).toBe(1)
  })

  test('a window that is over is followed by a new one, of full length', async () => {
    const { engine, endWindow } = open()
    const key = randomUUID()
    await times(5, () => engine.hit(key, hourly))
    await endWindow(key)
    const count = await engine.hit(key, hourly)
    expect(count.calls).toBe(1)
    expect(count.msLeft).toBeGreaterThan(HOUR - 5_000)
  })

  test('a refund gives back one call, and leaves the end of the window', async () => {
    const { engine } = open()
    const key = randomUUID()
    await times(3, () => engine.hit(key, hourly))
    await engine.refund(key, hourly)
    const count = await engine.hit(key, hourly)
    expect(count.calls).toBe(3)
    expect(count.msLeft).toBeLessThanOrEqual(HOUR)
    expect(count.msLeft).toBeGreaterThan(HOUR - 10_000)
  })

  test('refused calls do not use up the call that a refund frees', async () => {
    const { engine } = open()
    const key = randomUUID()
    await times(hourly.max + 40, () => engine.hit(key, hourly))
    await engine.refund(key, hourly)
    expect((await engine.hit(key, hourly)).calls).toBe(hourly.max)
  })

  test('a refund without a counted call is no credit', async () => {
    const { engine, endWindow } = open()
    const [unknown, over] = [randomUUID(), randomUUID()]
    await engine.refund(unknown, hourly)
    await engine.hit(over, hourly)
    await endWindow(over)
    await engine.refund(over, hourly)
    expect((await engine.hit(unknown, hourly)).calls).toBe(1)
    expect((await engine.hit(over, hourly)).calls).toBe(1)

    const spent = randomUUID()
    await engine.hit(spent, hourly)
    await times(50, () => engine.refund(spent, hourly))
    expect((await engine.hit(spent, hourly)).calls).toBe(1)
  })
}

/** What every shared store promises beside it: any number of keys in one trip. */
function countsTogether(open: () => CounterEngine) {
  test('several calls on several keys are counted in one step, and answered in the order asked', async () => {
    const engine = open()
    const [one, other] = [randomUUID(), randomUUID()]
    await engine.hit([{ key: other, calls: 2, window: HOUR }])
    const counts = await engine.hit([
      { key: one, calls: 3, window: HOUR },
      { key: other, calls: 5, window: 60_000 },
    ])
    expect(counts.map(({ calls }) => calls)).toEqual([3, 7])
    expect(counts[1]?.msLeft).toBeGreaterThan(60_000) // the window that was open goes on
    await engine.refund([
      { key: one, max: 10 },
      { key: other, max: 5 },
    ])
    const after = await engine.hit([one, other].map((key) => ({ key, calls: 1, window: HOUR })))
    expect(after.map(({ calls }) => calls)).toEqual([3, 5])
  })

  // Statements that lock the same rows in different orders would deadlock.
  test('counts and refunds of the same keys in any order do not block each other', async () => {
    const engine = open()
    const keys = Array.from({ length: 5 }, () => randomUUID())
    const all = await times(60, async () => {
      const shuffled = [...keys].sort(() => Math.random() - 0.5)
      await engine.hit(shuffled.map((key) => ({ key, calls: 1, window: HOUR })))
      await engine.refund([...shuffled].reverse().map((key) => ({ key, max: 1_000 })))
    })
    expect(all).toHaveLength(60)
    const left = await engine.hit(keys.map((key) => ({ key, calls: 1, window: HOUR })))
    expect(left.map(({ calls }) => calls)).toEqual([1, 1, 1, 1, 1])
  })
}

describe('counters in memory', () => {
  const inMemory = (counters: LocalCounters): Counters => ({
    hit: (key, { window }) => Promise.resolve(counters.hit(key, window)),
    refund: (key, { max }) => {
      counters.refund(key, max)
      return Promise.resolve()
    },
  })
  const counters = new LocalCounters(now)
  keepsCounts(() => ({ engine: inMemory(counters), endWindow: (key) => counters.syncWindowEnd(key, 0) }))

  test('no more keys are kept than the capacity: the least recently used are evicted first', async () => {
    const small = inMemory(new LocalCounters(now, 2))
    for (const key of ['a', 'b', 'a', 'c']) await small.hit(key, hourly)
    expect((await small.hit('a', hourly)).calls).toBe(3)
    expect((await small.hit('b', hourly)).calls).toBe(1)
  })
})

describe('counters in PostgreSQL', () => {
  keepsCounts(() => ({
    engine: singly(createPostgresEngine(pool)),
    endWindow: (key) => pool.query('UPDATE rate_limit_counters SET expire = $2 WHERE key = $1', [key, Date.now()]),
  }))

  countsTogether(() => createPostgresEngine(pool))

  test('windows go by the clock of the database, whatever the clock of the process says', async () => {
    const engine = singly(createPostgresEngine(pool))
    const key = randomUUID()
    await engine.hit(key, hourly)
    const spy = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 2 * HOUR)
    const later = await engine.hit(key, hourly)
    spy.mockRestore()
    expect(later.calls).toBe(2)
    expect(later.msLeft).toBeGreaterThan(HOUR - 60_000)
  })
})

describe('counters in Redis', () => {
  keepsCounts(() => ({
    engine: singly(createRedisEngine(redis)),
    endWindow: (key) => redis.pexpire(`gatehouse:rate-limit:${key}`, 0),
  }))
  countsTogether(() => createRedisEngine(redis))
})

/** What every rate limiter promises, whatever it counts in. */
function keepsBudgets(store: {
  redis: () => RedisServers | null
  keys: () => Promise<string[]>
  /** Calls that the store has counted, over all keys. */
  calls: () => Promise<number>
  empty: () => Promise<unknown>
  /** Moves the ends of the stored windows, as if time had passed for the store. */
  pass: (milliseconds: number) => Promise<unknown>
}) {
  const hashKey = randomBytes(32)
  const opened: RateLimiter[] = []
  const refused: { budget: string; retryAfter: number }[] = []
  const onRefused = (refusal: (typeof refused)[number]) => void refused.push(refusal)

  async function instance(options: { enabled?: boolean; pool?: Pool } = {}): Promise<RateLimiter> {
    const limiter = createRateLimiter({
      ...{ pool, redis: store.redis(), hashKey, logger, enabled: true, now, onRefused },
      ...options,
    })
    opened.push(limiter)
    if (options.enabled !== false) await settled(limiter)
    return limiter
  }

  /** Waits until the instance counts in its store, as it does within milliseconds of its start. */
  async function settled(limiter: RateLimiter) {
    const probe: Charge = { budget: { ...hourly, name: 'probe', max: 1_000_000 }, subject: randomUUID() }
    for (let before = await store.calls(); store.redis() !== null && (await store.calls()) === before;) {
      await limiter.consume([probe])
    }
  }

  const admitted = (waits: number[]) => waits.filter((wait) => wait === 0).length
  const charge = (budget: Budget = hourly): Charge => ({ budget, subject: `203.0.113.9 ${randomUUID()}@example.org` })

  async function moveClock(milliseconds: number) {
    ahead += milliseconds
    await store.pass(milliseconds)
  }

  beforeEach(() => store.empty())
  afterAll(() => Promise.all(opened.map((limiter) => limiter.close())))

  test('the first call over the budget is refused, with the whole seconds until the window ends', async () => {
    const limiter = await instance()
    const one = charge()
    for (let call = 1; call <= hourly.max; call += 1) expect(await limiter.consume([one])).toBe(0)
    const wait = await limiter.consume([one])
    expect(Number.isInteger(wait)).toBe(true)
    expect(wait).toBeGreaterThan(3_590)
    expect(wait).toBeLessThanOrEqual(3_600)
  })

  test('of 100 calls at once as many are admitted as the budget says', async () => {
    const limiter = await instance()
    const one = charge()
    expect(admitted(await times(100, () => limiter.consume([one])))).toBe(hourly.max)
  })

  test('of 100 calls at once to two instances as many are admitted as the budget says', async () => {
    const [here, there] = [await instance(), await instance()]
    const one = charge()
    const waits = await Promise.all([times(50, () => here.consume([one])), times(50, () => there.consume([one]))])
    expect(admitted(waits.flat())).toBe(hourly.max)
  })

  test('a restarted instance goes on from what was counted, and knows when that window ends', async () => {
    const one = charge()
    await times(hourly.max, async () => (await instance()).consume([one]))
    await moveClock(HOUR - 60_000)
    const restarted = await instance()
    for (const wait of [await restarted.consume([one]), await restarted.consume([one])]) {
      expect(wait).toBeGreaterThan(50)
      expect(wait).toBeLessThanOrEqual(60)
    }
  })

  test('calls are admitted again when the window is over, and no earlier', async () => {
    const limiter = await instance()
    const one = charge()
    await times(hourly.max + 1, () => limiter.consume([one]))
    await moveClock(HOUR - 900)
    expect(await limiter.consume([one])).toBe(1)
    await moveClock(5_000)
    expect(admitted(await times(50, () => limiter.consume([one])))).toBe(hourly.max)
  })

  test('an instance that joined a window late lets it end when the others do', async () => {
    const [early, late] = [await instance(), await instance()]
    const one = charge()
    await early.consume([one])
    await moveClock(HOUR - 60_000)
    await times(5, () => late.consume([one]))
    await moveClock(61_000)
    expect(admitted(await times(50, () => late.consume([one])))).toBe(hourly.max)
  })

  test('a spent budget sends no further query', async () => {
    const [limiter, other] = [await instance(), await instance()]
    const one = charge()
    await times(hourly.max, () => other.consume([one]))
    expect(await limiter.consume([one])).toBeGreaterThan(0)
    const before = await store.calls()
    expect(admitted(await times(50, () => limiter.consume([one])))).toBe(0)
    expect(await store.calls()).toBe(before)
  })

  test('one call counts on all of its budgets, and waits for the last of those that are spent', async () => {
    const limiter = await instance()
    const subject = randomUUID()
    const perMinute: Charge = { budget: { name: 'a', max: 1, window: 60_000 }, subject }
    const perHour: Charge = { budget: { name: 'b', max: 1, window: HOUR }, subject }
    const roomy: Charge = { budget: { name: 'c', max: 3, window: 2 * HOUR }, subject }
    expect(await limiter.consume([perMinute, perHour, roomy])).toBe(0)
    expect(await limiter.consume([perMinute])).toBeLessThanOrEqual(60)
    const wait = await limiter.consume([perMinute, perHour, roomy])
    expect(wait).toBeGreaterThan(3_590)
    expect(wait).toBeLessThanOrEqual(3_600)
    expect(admitted(await times(2, () => limiter.consume([roomy])))).toBe(2) // refused calls did not count here
    expect(await limiter.consume([roomy])).toBeGreaterThan(3_600)
  })

  test('each budget counts each subject apart', async () => {
    const limiter = await instance()
    const one = charge({ ...hourly, max: 1 })
    await limiter.consume([one])
    expect(await limiter.consume([{ ...one, subject: `${one.subject}x` }])).toBe(0)
    expect(await limiter.consume([{ ...one, budget: { ...one.budget, name: 'login:IP' } }])).toBe(0)
    expect(await limiter.consume([{ ...one }])).toBeGreaterThan(0)
  })

  test('the store holds keyed hashes, and neither an address nor a hash that others can make', async () => {
    await (await instance()).consume([charge()])
    const keys = await store.keys()
    expect(keys.length).toBeGreaterThan(0)
    for (const key of keys) expect(key).toMatch(/^(gatehouse:rate-limit:)?[\w-]{43}$/)

    const one = charge({ ...hourly, max: 1 })
    const stranger = createRateLimiter({
      pool,
      redis: store.redis(),
      hashKey: randomBytes(32),
      ...{ logger, enabled: true, now, onRefused },
    })
    opened.push(stranger)
    await settled(stranger)
    await stranger.consume([one])
    expect(await (await instance()).consume([one])).toBe(0)
  })

  test('a refunded call is admitted once more, also after a refusal', async () => {
    const limiter = await instance()
    const one = charge()
    await times(hourly.max + 5, () => limiter.consume([one]))
    await limiter.refund([one])
    expect(admitted(await times(50, () => limiter.consume([one])))).toBe(1)
  })

  test('a refund on one instance frees a call on another', async () => {
    const [here, there] = [await instance(), await instance()]
    const one = charge()
    await times(hourly.max, () => here.consume([one]))
    await here.refund([one])
    expect(await there.consume([one])).toBe(0)
    expect(await there.consume([one])).toBeGreaterThan(0)
  })

  test('a call that a spent budget refuses counts on no other budget, and is logged with that budget', async () => {
    const limiter = await instance()
    const [spent, other] = [charge({ ...hourly, max: 1 }), charge({ ...hourly, name: 'other', max: 2 })]
    await times(2, () => limiter.consume([spent]))
    expect(limiter.isKnownSpent([other, spent])).toBe(true)
    expect(limiter.isKnownSpent([other])).toBe(false)
    refused.length = 0
    expect(admitted(await times(20, () => limiter.consume([other, spent])))).toBe(0)
    expect(refused).toHaveLength(20)
    expect(refused[0]).toMatchObject({ budget: 'login:IP+EMAIL' })
    expect(admitted(await times(20, () => limiter.consume([other])))).toBe(2)
  })

  test('a budget that is counted locally sends no query', async () => {
    const limiter = await instance()
    const before = await store.calls()
    const own = charge({ ...hourly, local: true })
    expect(admitted(await times(50, () => limiter.consume([own])))).toBe(hourly.max)
    expect(await store.calls()).toBe(before)
  })

  test('an instance admits no more than the budget although the store lost its counters', async () => {
    const limiter = await instance()
    const one = charge()
    await times(7, () => limiter.consume([one]))
    await store.empty()
    expect(admitted(await times(50, () => limiter.consume([one])))).toBe(3)
  })

  test('switched off, every call is admitted and nothing is counted', async () => {
    const limiter = await instance({ enabled: false })
    const before = await store.calls()
    expect(admitted(await times(50, () => limiter.consume([charge()])))).toBe(50)
    expect(await store.calls()).toBe(before)
  })
}

describe('budgets counted in PostgreSQL', () => {
  keepsBudgets({
    redis: () => null,
    keys: async () =>
      (await pool.query<{ key: string }>('SELECT key FROM rate_limit_counters')).rows.map(({ key }) => key),
    calls: async () => {
      const { rows } = await pool.query<{ calls: string }>(
        'SELECT coalesce(sum(points), 0) AS calls FROM rate_limit_counters',
      )
      return Number(rows[0]?.calls)
    },
    empty: () => pool.query('TRUNCATE rate_limit_counters'),
    pass: (milliseconds) => pool.query('UPDATE rate_limit_counters SET expire = expire - $1::bigint', [milliseconds]),
  })

  test('calls that come together are counted with one statement, all budgets of each among them', async () => {
    const own = new Pool({ connectionString: database.url, max: 4 })
    own.on('error', () => undefined)
    const query = jest.spyOn(own, 'query') // calls through: it only watches
    const limiter = createRateLimiter({
      ...{
        pool: own,
        redis: null,
        hashKey: randomBytes(32),
        logger,
        enabled: true,
        now,
        onRefused: () => undefined,
      },
    })
    const subject = randomUUID()
    const charges = ['login:IP', 'login:IP+EMAIL'].map((name) => ({ budget: { ...hourly, name }, subject }))
    expect((await times(300, () => limiter.consume(charges))).filter((wait) => wait === 0)).toHaveLength(hourly.max)
    expect(query).toHaveBeenCalledTimes(1)
    await own.end()
  })

  test('without PostgreSQL a call is neither admitted nor refused, and spends nothing', async () => {
    const nowhere = new Pool({ connectionString: 'postgres://127.0.0.1:1/none' })
    const limiter = createRateLimiter({
      pool: nowhere,
      redis: null,
      hashKey: randomBytes(32),
      ...{ logger, enabled: true, now, onRefused: () => undefined },
    })
    const one: Charge = { budget: hourly, subject: randomUUID() }
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => limiter.consume([one])))
    for (let call = 0; call < 50; call += 1) results.push(...(await Promise.allSettled([limiter.consume([one])])))
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ECONNREFUSED' } })
    await nowhere.end()
  })
})

describe('budgets counted in Redis', () => {
  const keys = () => redis.keys('*')
  keepsBudgets({
    redis: () => ({ url: server.url }),
    keys,
    calls: async () => {
      const names = await keys()
      if (names.length === 0) return 0
      return (await redis.mget(names)).reduce((sum, calls) => sum + Number(calls), 0)
    },
    empty: () => redis.flushall(),
    pass: async (milliseconds) => {
      for (const key of await keys()) await redis.pexpire(key, Math.max((await redis.pttl(key)) - milliseconds, 0))
    },
  })
})
