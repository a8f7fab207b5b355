import { Insistence } from '../../src/crypto/insistence'

const MAX_WAIT = 5_000
let insistence: Insistence

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] })
  insistence = new Insistence(MAX_WAIT)
})
afterEach(() => jest.useRealTimers())

const ask = (client: string, connection: object = {}, signal = new AbortController().signal) => ({
  client,
  connection,
  signal,
})

/** Whether a refusal is told within so many milliseconds. */
async function toldWithin(milliseconds: number, turn: ReturnType<typeof ask>): Promise<boolean> {
  let told = false
  void insistence.hold(turn).then(() => (told = true))
  await jest.advanceTimersByTimeAsync(milliseconds)
  return told
}

/** Refusals of one address, each on a connection of its own unless told otherwise. */
async function refuse(client: string, times: number, connection?: object): Promise<void> {
  for (let refused = 0; refused < times; refused += 1) await insistence.hold(ask(client, connection))
}

test('a burst is told at once, each on a connection of its own', async () => {
  await refuse('a', 511)
  expect(await toldWithin(0, ask('a'))).toBe(true)
})

test('a connection that asks again is told at once, as long as its address was refused seldom', async () => {
  const connection = {}
  await refuse('a', 127, connection)
  expect(await toldWithin(0, ask('a', connection))).toBe(true)
})

test('a connection that goes on asking is told later, and before a success would be', async () => {
  const connection = {}
  await refuse('a', 128, connection)
  expect(await toldWithin(2_900, ask('a', connection))).toBe(false)
  expect(await toldWithin(4_000, ask('a', connection))).toBe(true)
})

test('where little waiting is allowed, little is held', async () => {
  insistence = new Insistence(1_000)
  const connection = {}
  await refuse('a', 128, connection)
  expect(await toldWithin(800, ask('a', connection))).toBe(true)
})

test('a new connection for each time is no way around it', async () => {
  await refuse('a', 512)
  expect(await toldWithin(2_900, ask('a'))).toBe(false)
})

test('another address is told at once all the same, on the same connection too: a proxy carries both', async () => {
  const connection = {}
  await refuse('a', 128, connection)
  expect(await toldWithin(0, ask('b', connection))).toBe(true)
})

test('nothing is held for a client that has gone', async () => {
  await refuse('a', 512)
  expect(await toldWithin(0, ask('a', {}, AbortSignal.abort()))).toBe(true)
})

test('so many are held at most, whoever they are of', async () => {
  await refuse('a', 512)
  for (let held = 0; held < 1_000; held += 1) void insistence.hold(ask('a'))
  expect(await toldWithin(0, ask('a'))).toBe(true)
})
