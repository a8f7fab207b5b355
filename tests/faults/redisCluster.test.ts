import { randomBytes, randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { createLogger } from '../../src/ops/logger'
import { createRateLimiter } from '../../src/ratelimit/rateLimiter'
import { pingRedis } from '../../src/ratelimit/redisEngine'
import { type TestDatabase, createDatabase } from '../support/database'
import { type RedisCluster, startRedisCluster } from '../support/redisCluster'
import { until } from '../support/until'

let cluster: RedisCluster
let database: TestDatabase
let pool: Pool
beforeAll(async () => {
  database = await createDatabase()
  pool = new Pool({ connectionString: database.url })
  cluster = await startRedisCluster()
})
afterAll(async () => {
  await cluster.stop()
  await pool.end()
  await database.drop()
})

const hourly = { name: 'test:IP:1h', max: 5, window: 3_600_000 }
const charge = () => ({ budget: hourly, subject: randomUUID() })
const counted = async (port: number) => {
  const redis = new Redis(port)
  const size = await redis.dbsize()
  redis.disconnect()
  return size
}
const inPostgres = async () => Number((await pool.query('SELECT 1 FROM rate_limit_counters')).rowCount)

test('every key is counted by the node that has it, and two instances share a budget', async () => {
  const lines: string[] = []
  const logger = createLogger({ level: 'info', pretty: false, destination: { write: (line) => void lines.push(line) } })
  const options = { pool, redis: { url: cluster.url, cluster: true }, hashKey: randomBytes(32), logger, enabled: true }
  const start = () => createRateLimiter({ ...options, now: Date.now, onRefused: () => undefined })
  const [one, other] = [start(), start()]
  const settled = async (limiter: typeof one) => {
    const before = await inPostgres()
    await limiter.consume([charge()])
    return (await inPostgres()) === before
  }
  await until(() => settled(one))
  await until(() => settled(other))
  const before = await inPostgres()

  const subjects = Array.from({ length: 30 }, charge)
  await one.consume(subjects)
  const sizes = await Promise.all(cluster.ports.map(counted))
  expect([sizes.every((size) => size > 0), await inPostgres()]).toEqual([true, before])

  const shared = charge()
  const waits = await Promise.all(Array.from({ length: 50 }, (_, call) => (call % 2 ? one : other).consume([shared])))
  expect(waits.filter((wait) => wait === 0).length).toBe(5)
  expect(await pingRedis({ url: cluster.url, cluster: true })).toBeNull()
  expect(lines).toEqual([])

  // The keys of a node that is gone are counted in PostgreSQL; no call fails.
  await cluster.kill(2)
  const answers = await Promise.all(Array.from({ length: 30 }, () => one.consume([charge()])))
  expect(answers).toEqual(Array(30).fill(0))
  expect(await inPostgres()).toBeGreaterThan(before)
  await Promise.all([one.close(), other.close()])
})
