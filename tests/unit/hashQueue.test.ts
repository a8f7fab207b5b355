import { setImmediate as nextLoop } from 'node:timers/promises'
import { HashQueue, type HashQueueObserver } from '../../src/passwords/hashQueue'
import { AbandonedError } from '../../src/errors/requestErrors'
import { OverloadedError } from '../../src/errors/userErrors'

const HASH = 200
const MAX_WAIT = 5_000

beforeEach(() => jest.useFakeTimers())
afterEach(() => jest.useRealTimers())

interface Seen extends HashQueueObserver {
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

function queueWith(observe: HashQueueObserver = watched(), concurrency = 2): HashQueue {
  return new HashQueue({ concurrency, maxWait: MAX_WAIT, observe })
}

/** A hash that takes `duration` of the faked time. */
function hashing(duration = HASH): () => Promise<void> {
  return () => new Promise((resolve) => setTimeout(resolve, duration))
}

function request(client = '192.0.2.1', signal = new AbortController().signal) {
  return { client, signal }
}

/** Gives the queue the measurement of one hash. */
async function measure(queue: HashQueue, duration = HASH): Promise<void> {
  const first = queue.run(request('first'), hashing(duration))
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
  const result = await Promise.race([settled, flushMicrotasks().then(() => pending)])
  return result === pending ? 'pending' : result
}

async function flushMicrotasks(): Promise<void> {
  for (let tick = 0; tick < 5; tick += 1) await Promise.resolve()
}

describe('waiting requests', () => {
  test('no more than the permitted number of hashes run at once, and all of 50 are done', async () => {
    const queue = queueWith()
    let running = 0
    let most = 0
    const work = async (): Promise<void> => {
      running += 1
      most = Math.max(most, running)
      await hashing(10)()
      running -= 1
    }
    await measure(queue, 10)
    const all = Promise.all(Array.from({ length: 50 }, (_, n) => queue.run(request(`client ${n % 7}`), work)))
    expect(queue.stats()).toEqual({ waiting: 48, running: 2 })
    await jest.advanceTimersByTimeAsync(25 * 10)
    await all
    expect(most).toBe(2)
    expect(queue.stats()).toEqual({ waiting: 0, running: 0 })
  })

  test('another client waits one round at most behind a greedy one', async () => {
    const queue = queueWith(watched(), 1)
    const order: string[] = []
    const ask = (client: string): Promise<void> =>
      queue.run(request(client), () => {
        order.push(client)
        return hashing()()
      })
    const all = Promise.all([...Array.from({ length: 15 }, () => ask('greedy')), ask('quiet'), ask('calm')])
    await jest.advanceTimersByTimeAsync(20 * HASH)
    await all
    expect(order.slice(0, 4)).toEqual(['greedy', 'greedy', 'quiet', 'calm'])
  })

  test('failed work lets the next request run, and its error reaches its caller', async () => {
    const queue = queueWith(watched(), 1)
    const failing = queue.run(request(), () => Promise.reject(new Error('no memory')))
    const next = queue.run(request(), () => Promise.resolve('done'))
    await expect(failing).rejects.toThrow('no memory')
    await expect(next).resolves.toBe('done')
    expect(queue.stats()).toEqual({ waiting: 0, running: 0 })
  })

  test('work that throws before its first await counts no longer as running either', async () => {
    const queue = queueWith(watched(), 1)
    await expect(
      queue.run(request(), () => {
        throw new Error('at once')
      }),
    ).rejects.toThrow('at once')
    expect(queue.stats().running).toBe(0)
  })

  test('the wait of an entry and the time of each of its hashes are observed in milliseconds', async () => {
    const seen = watched()
    const queue = queueWith(seen, 1)
    const twoHashes = async () => {
      await queue.timed(hashing())
      await queue.timed(hashing(50))
    }
    const both = Promise.all([queue.run(request(), twoHashes), queue.run(request(), () => queue.timed(hashing(30)))])
    await jest.advanceTimersByTimeAsync(HASH + 50 + 30)
    await both
    expect(seen.waits).toEqual([0, HASH + 50])
    expect(seen.runs).toEqual([HASH, 50, 30])
  })
})

describe('admission', () => {
  /** 2 running and so many waiting that one more could hardly be served in time: 0.9 * 5,000 / (200 / 2) = 45. */
  async function full(queue: HashQueue, client: string): Promise<Promise<void>[]> {
    await measure(queue)
    return Array.from({ length: 46 }, () => queue.run(request(client), hashing()))
  }

  test('a hash that would wait too long is refused at once, with the seconds until it would not', async () => {
    const seen = watched()
    const queue = queueWith(seen)
    const admitted = await full(queue, 'greedy')
    const refused = await outcome(queue.run(request('greedy'), hashing()))
    expect(refused).toBeInstanceOf(OverloadedError)
    expect(refused).toMatchObject({ retryAfter: 1 })
    expect(seen.counts).toEqual({ refused: 1, dropped: 0 })
    expect(queue.stats()).toEqual({ waiting: 44, running: 2 })
    await jest.advanceTimersByTimeAsync(27 * HASH)
    await Promise.all(admitted)
  })

  test('no more of those refused together are told to return in one second than can be hashed in it', async () => {
    const queue = queueWith()
    const admitted = await full(queue, 'greedy')
    const refusals = await Promise.all(
      Array.from(
        { length: 50 },
        async () => (await outcome(queue.run(request('greedy'), hashing()))) as OverloadedError,
      ),
    )
    const seconds = refusals.map(({ retryAfter }) => retryAfter)
    for (const second of new Set(seconds)) {
      const returning = seconds.filter((one) => one === second).length
      expect(returning).toBeLessThanOrEqual((2 * 1_000) / HASH + 1)
    }
    expect(seconds).toEqual(seconds.toSorted((a, b) => a - b))
    await jest.advanceTimersByTimeAsync(27 * HASH)
    await Promise.all(admitted)
  })

  test('nobody is told to stay away for longer than half a minute, and once that has passed all is as before', async () => {
    const queue = queueWith()
    const admitted = await full(queue, 'greedy')
    let last: unknown
    for (let n = 0; n < 1_000; n += 1) last = await outcome(queue.run(request('greedy'), hashing()))
    expect(last).toMatchObject({ retryAfter: 30 })
    await jest.advanceTimersByTimeAsync(31_000)
    await Promise.all(admitted)
    const again = Array.from({ length: 46 }, () => queue.run(request('greedy'), hashing()))
    expect(await outcome(queue.run(request('greedy'), hashing()))).toMatchObject({ retryAfter: 1 })
    await jest.advanceTimersByTimeAsync(27 * HASH)
    await Promise.all(again)
  })

  test('what was admitted is done within the permitted wait', async () => {
    const seen = watched()
    const queue = queueWith(seen)
    const admitted = await full(queue, 'greedy')
    await jest.advanceTimersByTimeAsync(27 * HASH)
    await Promise.all(admitted)
    expect(seen.waits).toHaveLength(47)
    expect(Math.max(...seen.waits)).toBeLessThan(MAX_WAIT)
  })

  test('a greedy client delays only itself: another is admitted and served in the next round', async () => {
    const queue = queueWith()
    const admitted = Promise.allSettled(await full(queue, 'greedy'))
    const quiet = queue.run(request('quiet'), hashing())
    await jest.advanceTimersByTimeAsync(2 * HASH)
    expect(await outcome(quiet)).toBeUndefined()
    await jest.advanceTimersByTimeAsync(27 * HASH)
    await admitted
  })

  test('the estimate follows the measured time of recent hashes', async () => {
    const queue = queueWith(watched(), 1)
    await measure(queue, 10)
    const quick = Array.from({ length: 100 }, () => queue.run(request(), hashing(10)))
    await jest.advanceTimersByTimeAsync(1_000)
    await Promise.all(quick)
    for (let n = 0; n < 40; n += 1) await measure(queue, 2_000)
    const slow = [
      queue.run(request(), hashing(2_000)),
      queue.run(request(), hashing(2_000)),
      queue.run(request(), hashing(2_000)),
    ]
    const refused = await outcome(queue.run(request(), hashing(2_000)))
    expect(refused).toBeInstanceOf(OverloadedError)
    await jest.advanceTimersByTimeAsync(6_000)
    await Promise.all(slow)
  })

  test('before the first measurement a hash counts as 250 ms', () => {
    const queue = queueWith(watched(), 1)
    const asked = Array.from({ length: 30 }, () => queue.run(request(), hashing()))
    for (const one of asked) one.catch(() => undefined)
    expect(queue.stats()).toEqual({ waiting: 17, running: 1 })
  })

  test('no more than 10,000 wait, however short their hashes are', async () => {
    const queue = queueWith(watched(), 1)
    await queue.run(request(), () => Promise.resolve())
    const controllers = Array.from({ length: 10_050 }, () => new AbortController())
    const all = controllers.map(({ signal }, n) => queue.run(request(`client ${n % 100}`, signal), hashing()))
    expect(queue.stats().waiting).toBe(10_000)
    for (const controller of controllers) controller.abort()
    const ended = await Promise.allSettled(all.slice(1))
    expect(ended.filter(({ status }) => status === 'rejected')).toHaveLength(10_049)
    expect(queue.stats().waiting).toBe(0)
  })
})

describe('a request that leaves the queue', () => {
  test('that of a client that disconnected costs no hash, and the next is served', async () => {
    const seen = watched()
    const queue = queueWith(seen, 1)
    const gone = new AbortController()
    const work = jest.fn(hashing())
    const first = queue.run(request(), hashing())
    const abandoned = queue.run(request('192.0.2.1', gone.signal), work)
    const last = queue.run(request(), () => Promise.resolve('served'))
    gone.abort()
    expect(await outcome(abandoned)).toBeInstanceOf(AbandonedError)
    await jest.advanceTimersByTimeAsync(HASH)
    await first
    expect(await last).toBe('served')
    expect(work).not.toHaveBeenCalled()
    expect(seen.counts).toEqual({ refused: 0, dropped: 1 })
  })

  test('a client that has disconnected already does not wait', async () => {
    const queue = queueWith()
    const work = jest.fn(hashing())
    await expect(queue.run(request('192.0.2.1', AbortSignal.abort()), work)).rejects.toBeInstanceOf(AbandonedError)
    expect(work).not.toHaveBeenCalled()
  })

  test('a hash that has begun is finished although its client has disconnected', async () => {
    const gone = new AbortController()
    const run = queueWith().run(request('192.0.2.1', gone.signal), () => hashing()().then(() => 'done'))
    gone.abort()
    await jest.advanceTimersByTimeAsync(HASH)
    expect(await run).toBe('done')
  })

  test('a request that others overtook until maxWait is refused as OVERLOADED then', async () => {
    const seen = watched()
    const queue = queueWith(seen, 1)
    const work = jest.fn(hashing())
    const endless = queue.run(request('other'), hashing(60_000))
    const overdue = queue.run(request(), work)
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
    const queue = queueWith()
    const began = performance.now()
    const end = began + 60_000
    let slowest = 0
    let done = 0
    const connection = async (n: number): Promise<void> => {
      while (performance.now() < end) {
        const asked = performance.now()
        const failure: unknown = await queue.run(request(`client ${n % addresses}`), hashing()).then(
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
  const queue = queueWith(watched(), 2)
  const all = Array.from({ length: 50 }, (_, n) => {
    const controller = new AbortController()
    const run = queue.run(request(`client ${n % 3}`, controller.signal), () => nextLoop())
    if (n % 2 === 0) controller.abort()
    return run
  })
  await Promise.allSettled(all)
  expect(queue.stats()).toEqual({ waiting: 0, running: 0 })
})
