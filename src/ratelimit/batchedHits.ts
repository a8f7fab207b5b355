import type { Count, CounterEngine, Hit } from './counterEngine'

interface Call {
  hits: readonly Omit<Hit, 'calls'>[]
  resolve: (counts: Count[]) => void
  reject: (error: unknown) => void
}

/**
 * Counts the calls of one iteration of the event loop in one query: those on the same key are summed first, and numbered
 * in the order in which they came. A burst on one key would otherwise wait for the row lock once for each call.
 */
export function batchHits(store: Pick<CounterEngine, 'hit'>): (hits: Call['hits']) => Promise<Count[]> {
  let waiting: Call[] = []

  async function send(): Promise<void> {
    const calls = waiting
    waiting = []
    try {
      const numbers = await countAll(store, calls)
      for (const { hits, resolve } of calls) resolve(hits.map(({ key }) => numbers.next(key)))
    } catch (error) {
      for (const { reject } of calls) reject(error)
    }
  }

  return (hits) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(() => void send())
      waiting.push({ hits, resolve, reject })
    })
}

/** Counts all calls in one query. `next` returns for each call on a key the count that it would have got alone. */
async function countAll(store: Pick<CounterEngine, 'hit'>, calls: readonly Call[]) {
  const sums = new Map<string, Hit>()
  for (const { key, window } of calls.flatMap(({ hits }) => hits)) {
    sums.set(key, { key, window, calls: (sums.get(key)?.calls ?? 0) + 1 })
  }
  const hits = [...sums.values()]
  const counts = await store.hit(hits)
  const numbers = new Map<string, Count>()
  counts.forEach((count, index) => {
    const hit = hits[index]
    if (hit) numbers.set(hit.key, { ...count, calls: count.calls - hit.calls })
  })
  return {
    next(key: string): Count {
      const number = numbers.get(key)
      if (!number) throw new Error('The store returned no count for a rate-limit counter')
      number.calls += 1
      return { ...number }
    },
  }
}
