import { FairQueue } from '../../src/passwords/fairQueue'

function drain(queue: FairQueue<string>): string[] {
  const served: string[] = []
  for (let item = queue.shift(); item !== undefined; item = queue.shift()) served.push(item)
  return served
}

function queueOf(...items: string[]): FairQueue<string> {
  const queue = new FairQueue<string>()
  for (const item of items) queue.push(item.charAt(0), item)
  return queue
}

test('each round serves one item of every client, in the order in which they came', () => {
  expect(drain(queueOf('a1', 'a2', 'a3', 'b1', 'c1', 'c2'))).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3'])
})

test('a client that was served stands behind those that still wait', () => {
  const queue = queueOf('a1', 'b1')
  queue.shift()
  queue.push('a', 'a2')
  expect(drain(queue)).toEqual(['b1', 'a2'])
})

test('a removed item is not served, and the rest keep their order', () => {
  const queue = queueOf('a1', 'a2', 'a3', 'b1')
  queue.remove('a', 'a1')
  queue.remove('b', 'b1')
  queue.remove('b', 'b1')
  queue.remove('z', 'z1')
  expect(queue.size).toBe(2)
  expect(drain(queue)).toEqual(['a2', 'a3'])
  expect(queue.size).toBe(0)
})

test('before a client without waiting items stands one item of each other client, however long their queues are', () => {
  const queue = queueOf(...Array.from({ length: 50 }, (_, n) => `a${n}`), 'b1')
  expect(queue.waitingBefore('new')).toBe(2)
  expect(queue.waitingBefore('b')).toBe(3)
  expect(queue.waitingBefore('a')).toBe(51)
})

test('waitingBefore is never less than what is served before', () => {
  const random = generator(7)
  for (let trial = 0; trial < 200; trial += 1) {
    const queue = new FairQueue<string>()
    for (let n = 0; n < 40; n += 1) {
      queue.push('abcde'.charAt(random(5)), `item ${n}`)
      if (random(3) === 0) queue.shift()
      if (random(4) === 0) queue.remove('a', `item ${random(n)}`)
    }
    const bound = queue.waitingBefore('b')
    queue.push('b', 'last')
    const before = drain(queue).indexOf('last')
    expect(before).toBeLessThanOrEqual(bound)
    expect(bound - before).toBeLessThan(5) // at most the clients that were served in this round already
  }
})

/** Repeatable numbers below n. */
function generator(seed: number): (n: number) => number {
  let state = seed
  return (n) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * n)
  }
}
