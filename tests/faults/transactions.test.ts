import { AsyncLocalStorage } from 'node:async_hooks'
import { Socket, connect } from 'node:net'
import { type TestApp, startTestApp } from '../support/app'
import { walkEveryFlow } from '../support/everyFlow'
import { ageReplacements } from '../support/grace'
import { NEW_PASSWORD, PASSWORD, someone } from '../support/people'

let app: TestApp
/** Holds for whatever is done on behalf of a transaction, however many awaits later. */
const inTransaction = new AsyncLocalStorage<true>()
let transactions = 0
let violations: string[] = []

const note = (what: string) => {
  if (inTransaction.getStore()) violations.push(what)
}

/** Notes every call of these methods that a transaction makes, and lets it through. */
function watch(parts: object, name: string): void {
  for (const [key, value] of Object.entries(parts)) {
    if (typeof value !== 'function') continue
    Object.assign(parts, {
      [key]: (...given: unknown[]) => {
        note(`${name}.${key}`)
        return (value as (...given: unknown[]) => unknown)(...given)
      },
    })
  }
}

beforeAll(async () => {
  app = await startTestApp()
  const { deps } = app.app
  const { database } = deps
  const transaction = database.transaction.bind(database)
  database.transaction = (work) => {
    transactions += 1
    return transaction((tx) => inTransaction.run(true, () => work(tx)))
  }
  watch(deps.hasher, 'hasher')
  watch(deps.strength, 'strength')
  watch(deps.limiter, 'limiter')
  const { breached } = deps
  deps.breached = (password, log) => {
    note('breached')
    return breached(password, log)
  }
  // Another connection of the pool is the network too, and the way into a deadlock when the pool is small.
  const borrow = database.pool.connect.bind(database.pool) as (...given: unknown[]) => unknown
  jest.spyOn(database.pool, 'connect').mockImplementation((...given: unknown[]) => {
    note('pool.connect')
    return borrow(...given) as never
  })
  const databasePort = Number(new URL(app.databaseUrl).port)
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with the socket it belongs to
  const write = Socket.prototype.write as (this: Socket, ...given: unknown[]) => boolean
  jest.spyOn(Socket.prototype, 'write').mockImplementation(function (this: Socket, ...given: unknown[]) {
    if (this.remotePort !== databasePort) note('a socket that is not the database')
    return write.apply(this, given)
  })
})
afterAll(async () => {
  jest.restoreAllMocks()
  await app.close()
})
beforeEach(() => {
  violations = []
})

test('no operation hashes, counts or speaks to anybody but the database while its transaction is open', async () => {
  const outlastGrace = () => ageReplacements(app.app.deps.database.pool, 11_000)
  const walked = { ...app, outlastGrace }
  await walkEveryFlow(walked, {
    email: someone(),
    newEmail: someone(),
    passwords: {
      registered: PASSWORD,
      reset: NEW_PASSWORD,
      changed: 'silver walnut eleven kites',
      wrong: 'wrong horse',
    },
  })
  expect(violations).toEqual([])
  expect(transactions).toBeGreaterThan(15)
})

test('hashes, rate limits, other connections and sockets inside a transaction are detected', async () => {
  const { database, hasher, limiter } = app.app.deps
  const request = { client: '127.0.0.1', signal: new AbortController().signal }
  await database.transaction(async (tx) => {
    await tx.user.count()
    await hasher.verify(PASSWORD, null, request)
    await limiter.consume([{ budget: { name: 'any', max: 1, window: 1_000 }, subject: 'one' }])
    await database.pool.query('SELECT 1')
    const mail = connect(app.smtp.port, '127.0.0.1')
    mail.write('QUIT\r\n')
    mail.end()
  })
  const seen = ['hasher.verify', 'limiter.consume', 'pool.connect', 'a socket that is not the database']
  expect(violations).toEqual(expect.arrayContaining(seen))
})
