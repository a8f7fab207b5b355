import { Insistence } from '../../src/crypto/insistence'

const MAX_WAIT = 4_000
const present = new AbortController().signal
let insistence: Insistence

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] })
  insistence = new Insistence(MAX_WAIT)
})
afterEach(() => jest.useRealTimers())

/** Whether a refusal is told within so many milliseconds. */
async function toldWithin(milliseconds: number, client: string, signal = present): Promise<boolean> {
  let told = false
  void insistence.hold(client, signal).then(() => (told = true))
  await jest.advanceTimersByTimeAsync(milliseconds)
  return told
}

async function refuse(client: string, times: number): Promise<void> {
  for (let refused = 0; refused < times; refused += 1) await insistence.hold(client, present)
}

test('the refusals that one address of honest people causes are told at once', async () => {
  await refuse('a', 31)
  expect(await toldWithin(0, 'a')).toBe(true)
})

test('who goes on asking is told later, and within half of the longest wait', async () => {
  await refuse('a', 32)
  expect(await toldWithin(900, 'a')).toBe(false)
  expect(await toldWithin(MAX_WAIT / 2, 'a')).toBe(true)
})

test('another address is told at once all the same', async () => {
  await refuse('a', 32)
  expect(await toldWithin(0, 'b')).toBe(true)
})

test('nothing is held for a client that has gone', async () => {
  await refuse('a', 32)
  expect(await toldWithin(0, 'a', AbortSignal.abort())).toBe(true)
})

test('so many are held at most, whoever they are of', async () => {
  await refuse('a', 32)
  for (let held = 0; held < 1_000; held += 1) void insistence.hold('a', present)
  expect(await toldWithin(0, 'a')).toBe(true)
})
