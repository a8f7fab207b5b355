import { setImmediate as nextLoop } from 'node:timers/promises'
import { type HashScheduler, type SchedulerObserver, createHashScheduler } from '../../src/crypto/hashScheduler'
import { AbandonedError } from '../../src/errors/requestErrors'
import { OverloadedError } from '../../src/errors/userErrors'

const HASH = 200
const MAX_WAIT = 5_000

beforeEach(() => jest.useFakeTimers())
afterEach(() => jest.useRealTimers())

interface Seen extends SchedulerObserver {
  counts: { refused: number; dropped: number }
  waits: number[]
  runs: number[]
}

function watched(): Seen {
  const counts = { refused: 0, dropped: 0 }
  const waits: number[] = []
  const runs: number[] = []
  return {
    counts,
    waits,
    runs,
    refused: () => (counts.refused += 1),
    dropped: () => (counts.dropped += 1),
    waited: (milliseconds) => waits.push(milliseconds),
    ran: (milliseconds) => runs.push(milliseconds),
  }
}

function scheduler(observe: SchedulerObserver = watched(), concurrency = 2): HashScheduler {
  return createHashScheduler({ concurrency, maxWait: MAX_WAIT, observe })
}

/** A hash that takes `duration` of the faked time. */
function hashing(duration = HASH): () => Promise<void> {
  return () => new Promise((resolve) => setTimeout(resolve, duration))
}

function turn(client = '192.0.2.1', signal = new AbortController().signal) {
  return { client, signal }
}

/** Gives the scheduler the measurement of one hash. */
async function measure(turns: HashScheduler, duration = HASH): Promise<void> {
  const first = turns.run(turn('first'), hashing(duration))
  await jest.advanceTimersByTimeAsync(duration)
  await first
}

/** How a promise ended by now, or that it has not. */
async function outcome(promise: Promise<unknown>): Promise<unknown> {
  const pending = Symbol('pending')
  const settled = promise.then(
    (value) => value,
    (failure: unknown) => failure,
  )
  await jest.advanceTimersByTimeAsync(0)
  const result = await Promise.race([settled, nextTurn().then(() => pending)])
  return result === pending ? 'pending' : result
}

async function nextTurn(): Promise<void> {
  for (let tick = 0; tick < 5; tick += 1) await Promise.resolve()
}

describe('turns', () => {
  test('no more than the permitted number of hashes run at once, and all of 50 are done', async () => {
    const turns = scheduler()
    let running = 0
    let most = 0
    const work = async (): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      await hashing(10)()
      running -= 1
    }
    await measure(turns, 10)
    const all = Promise.all(Array.from({ length: 50 }, (_, n) => turns.run(turn(`client ${n % 7}`), work)))
    expect(turns.stats()).toEqual({ waiting: 48, running: 2 })
    await jest.advanceTimersByTimeAsync(25 * 10)
    await all
    expect(most).toBe(2)
    expect(turns.stats()).toEqual({ waiting: 0, running: 0 })
  })

  test('another address waits one round at most behind a greedy one', async () => {
    const turns = scheduler(watched(), 1)
    const order: string[] = []
    const ask = (client: string): Promise<void> =>
      turns.run(turn(client), () => {
        order.push(client)
        return hashing()()
      })
    const all = Promise.all([...Array.from({ length: 15 }, () => ask('greedy')), ask('quiet'), ask('calm')])
    await jest.advanceTimersByTimeAsync(20 * HASH)
    await all
    expect(order.slice(0, 4)).toEqual(['greedy', 'greedy', 'quiet', 'calm'])
  })

  test('a place is given back when the work fails, and its failure reaches the one who asked', async () => {
    const turns = scheduler(watched(), 1)
    const failing = turns.run(turn(), () => Promise.reject(new Error('no memory')))
    const next = turns.run(turn(), () => Promise.resolve('done'))
    await expect(failing).rejects.toThrow('no memory')
    await expect(next).resolves.toBe('done')
    expect(turns.stats()).toEqual({ waiting: 0, running: 0 })
  })

  test('work that throws before its first await gives its place back too', async () => {
    const turns = scheduler(watched(), 1)
    await expect(
      turns.run(turn(), () => {
        throw new Error('at once')
      }),
    ).rejects.toThrow('at once')
    expect(turns.stats().running).toBe(0)
  })

  test('waiting and running times are observed in milliseconds', async () => {
    const seen = watched()
    const turns = scheduler(seen, 1)
    const both = Promise.all([turns.run(turn(), hashing()), turns.run(turn(), hashing(50))])
    await jest.advanceTimersByTimeAsync(HASH + 50)
    await both
    expect(seen.waits).toEqual([0, HASH])
    expect(seen.runs).toEqual([HASH, 50])
  })
})

describe('admission', () => {
  /** 2 running and so many waiting that one more could hardly have its turn in time: 0.9 * 5,000 / (200 / 2) = 45. */
  async function full(turns: HashScheduler, client: string): Promise<Promise<void>[]> {
    await measure(turns)
    return Array.from({ length: 46 }, () => turns.run(turn(client), hashing()))
  }

  test('a hash that would wait too long is refused at once, with the seconds until it would not', async () => {
    const seen = watched()
    const turns = scheduler(seen)
    const admitted = await full(turns, 'greedy')
    const refused = await outcome(turns.run(turn('greedy'), hashing()))
    expect(refused).toBeInstanceOf(OverloadedError)
    expect(refused).toMatchObject({ retryAfter: 1 })
    expect(seen.counts).toEqual({ refused: 1, dropped: 0 })
    expect(turns.stats()).toEqual({ waiting: 44, running: 2 })
    await jest.advanceTimersByTimeAsync(27 * HASH)
    await Promise.all(admitted)
  })

  test('what was admitted is done within the permitted wait', async () => {
    const seen = watched()
    const turns = scheduler(seen)
    const admitted = await full(turns, 'greedy')
    await jest.advanceTimersByTimeAsync(27 * HASH)
    await Promise.all(admitted)
    expect(seen.waits).toHaveLength(47)
    expect(Math.max(...seen.waits)).toBeLessThan(MAX_WAIT)
  })

  test("a greedy address's backlog is its own: another is admitted and served in the next round", async () => {
    const turns = scheduler()
    const admitted = Promise.allSettled(await full(turns, 'greedy'))
    const quiet = turns.run(turn('quiet'), hashing())
    await jest.advanceTimersByTimeAsync(2 * HASH)
    expect(await outcome(quiet)).toBeUndefined()
    await jest.advanceTimersByTimeAsync(27 * HASH)
    await admitted
  })

  test('the estimate follows the measured time of recent hashes', async () => {
    const turns = scheduler(watched(), 1)
    await measure(turns, 10)
    const quick = Array.from({ length: 100 }, () => turns.run(turn(), hashing(10)))
    await jest.advanceTimersByTimeAsync(1_000)
    await Promise.all(quick)
    for (let n = 0; n < 40; n += 1) await measure(turns, 2_000)
    const slow = [
      turns.run(turn(), hashing(2_000)),
      turns.run(turn(), hashing(2_000)),
      turns.run(turn(), hashing(2_000)),
    ]
    const refused = await outcome(turns.run(turn(), hashing(2_000)))
    expect(refused).toBeInstanceOf(OverloadedError)
    await jest.advanceTimersByTimeAsync(6_000)
    await Promise.all(slow)
  })

  test('before the first measurement a hash counts as 250 ms', () => {
    const turns = scheduler(watched(), 1)
    const asked = Array.from({ length: 30 }, () => turns.run(turn(), hashing()))
    for (const one of asked) one.catch(() => undefined)
    expect(turns.stats()).toEqual({ waiting: 17, running: 1 })
  })

  test('no more than 10,000 wait, however short their hashes are', async () => {
    const turns = scheduler(watched(), 1)
    await turns.run(turn(), () => Promise.resolve())
    const controllers = Array.from({ length: 10_050 }, () => new AbortController())
    const all = controllers.map(({ signal }, n) => turns.run(turn(`client ${n % 100}`, signal), hashing()))
    expect(turns.stats().waiting).toBe(10_000)
    for (const controller of controllers) controller.abort()
    const ended = await Promise.allSettled(all.slice(1))
    expect(ended.filter(({ status }) => status === 'rejected')).toHaveLength(10_049)
    expect(turns.stats().waiting).toBe(0)
  })
})

describe('giving up', () => {
  test('a request whose client has gone costs no hash, and the next takes its turn', async () => {
    const seen = watched()
    const turns = scheduler(seen, 1)
    const gone = new AbortController()
    const work = jest.fn(hashing())
    const first = turns.run(turn(), hashing())
    const abandoned = turns.run(turn('192.0.2.1', gone.signal), work)
    const last = turns.run(turn(), () => Promise.resolve('served'))
    gone.abort()
    expect(await outcome(abandoned)).toBeInstanceOf(AbandonedError)
    await jest.advanceTimersByTimeAsync(HASH)
    await first
    expect(await last).toBe('served')
    expect(work).not.toHaveBeenCalled()
    expect(seen.counts).toEqual({ refused: 0, dropped: 1 })
  })

  test('one who is gone already does not even wait', async () => {
    const turns = scheduler()
    const work = jest.fn(hashing())
    await expect(turns.run(turn('192.0.2.1', AbortSignal.abort()), work)).rejects.toBeInstanceOf(AbandonedError)
    expect(work).not.toHaveBeenCalled()
  })

  test('a hash that has begun is finished although its client has gone', async () => {
    const gone = new AbortController()
    const run = scheduler().run(turn('192.0.2.1', gone.signal), () => hashing()().then(() => 'done'))
    gone.abort()
    await jest.advanceTimersByTimeAsync(HASH)
    expect(await run).toBe('done')
  })

  test('one who was overtaken until its time was over is told of the overload, at that moment', async () => {
    const seen = watched()
    const turns = scheduler(seen, 1)
    const work = jest.fn(hashing())
    const endless = turns.run(turn('other'), hashing(60_000))
    const overdue = turns.run(turn(), work)
    await jest.advanceTimersByTimeAsync(MAX_WAIT - 1)
    expect(await outcome(overdue)).toBe('pending')
    await jest.advanceTimersByTimeAsync(1)
    expect(await outcome(overdue)).toBeInstanceOf(OverloadedError)
    await jest.advanceTimersByTimeAsync(60_000)
    await endless
    expect(work).not.toHaveBeenCalled()
    expect(seen.counts.dropped).toBe(1)
  })
})

test.each([1, 64])(
  '64 connections that never pause, from %d addresses: all answered in time, the cores never idle',
  async (addresses) => {
    const turns = scheduler()
    const began = performance.now()
    const end = began + 60_000
    let slowest = 0
    let done = 0
    const connection = async (n: number): Promise<void> => {
      while (performance.now() < end) {
        const asked = performance.now()
        const failure: unknown = await turns.run(turn(`client ${n % addresses}`), hashing()).then(
          () => (done += 1) && null,
          (reason: unknown) => reason,
        )
        slowest = Math.max(slowest, performance.now() - asked)
        if (failure === null) continue
        expect(failure).toBeInstanceOf(OverloadedError)
        await hashing(50)()
      }
    }
    const all = Promise.all(Array.from({ length: 64 }, (_, n) => connection(n)))
    await jest.advanceTimersByTimeAsync(60_000 + 2 * MAX_WAIT)
    await all
    expect(slowest).toBeLessThanOrEqual(MAX_WAIT + 1_000)
    expect(done).toBeGreaterThanOrEqual(0.97 * ((60_000 / HASH) * 2))
  },
)

test('a burst of 50 that come and go leaves nothing behind', async () => {
  jest.useRealTimers()
  const turns = scheduler(watched(), 2)
  const all = Array.from({ length: 50 }, (_, n) => {
    const controller = new AbortController()
    const run = turns.run(turn(`client ${n % 3}`, controller.signal), () => nextLoop())
    if (n % 2 === 0) controller.abort()
    return run
  })
  await Promise.allSettled(all)
  expect(turns.stats()).toEqual({ waiting: 0, running: 0 })
})
