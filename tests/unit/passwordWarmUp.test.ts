import { HashQueue } from '../../src/passwords/hashQueue'
import { startPasswordWarmUp } from '../../src/passwords/passwordWarmUp'
import { OverloadedError } from '../../src/errors/userErrors'

/** A promise that the test settles. */
function gate<T>() {
  let open: (value: T) => void = () => undefined
  let fail: (error: Error) => void = () => undefined
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { promise, open, fail }
}

const STRONG = { score: 4, suggestions: [] } as const
const lines: object[] = []
const database = { prepare: () => Promise.reject(new Error('unreachable')) }
const logger = { warn: (line: object) => void lines.push(line) }
beforeEach(() => lines.splice(0))

/** Lets everything that is settled already have its effect. */
const settled = () => new Promise((done) => setImmediate(done))

test('passwords can be checked once the estimator has answered and one hash was measured, and no earlier', async () => {
  const [estimate, hash] = [gate<{ score: 4; suggestions: string[] }>(), gate<undefined>()]
  const measure = jest.fn(() => hash.promise)
  const warmUp = startPasswordWarmUp({
    strength: { estimate: () => estimate.promise },
    hasher: { measure },
    database,
    logger,
  })
  await settled()
  expect([warmUp.isDone(), measure.mock.calls.length]).toEqual([false, 0])
  estimate.open({ ...STRONG, suggestions: [] })
  await settled()
  expect([warmUp.isDone(), measure.mock.calls.length]).toEqual([false, 1])
  hash.open(undefined)
  await warmUp.finished
  expect(warmUp.isDone()).toBe(true)
  expect(lines).toEqual([])
})

test('an estimator that fails is asked again, and the log names the failure without its words', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] })
  const estimate = jest
    .fn()
    .mockRejectedValueOnce(Object.assign(new TypeError('canary'), { code: 'ERR_WORKER' }))
    .mockResolvedValue(STRONG)
  const warmUp = startPasswordWarmUp({
    strength: { estimate },
    hasher: { measure: () => Promise.resolve() },
    database,
    logger,
  })
  await settled()
  expect(warmUp.isDone()).toBe(false)
  jest.advanceTimersByTime(1_000)
  jest.useRealTimers()
  await warmUp.finished
  expect(warmUp.isDone()).toBe(true)
  expect(lines).toMatchObject([{ event: 'password_checks_waiting', err: { code: 'ERR_WORKER' } }])
})

test('what is stopped meanwhile ends without a line', async () => {
  const estimate = gate<typeof STRONG>()
  const strength = { estimate: () => estimate.promise.then(() => ({ ...STRONG, suggestions: [] })) }
  const warmUp = startPasswordWarmUp({ strength, hasher: { measure: () => Promise.resolve() }, database, logger })
  warmUp.stop()
  estimate.fail(new Error('closed'))
  await warmUp.finished
  expect([warmUp.isDone(), lines]).toEqual([false, []])
})

test('a measured hash replaces the initial estimate: a slow one refuses where the initial estimate would have admitted too much', async () => {
  const observe = { refused: jest.fn(), dropped: jest.fn(), waited: jest.fn(), ran: jest.fn() }
  const queue = new HashQueue({ concurrency: 1, maxWait: 300, observe })
  const now = jest.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValueOnce(1_000)
  await queue.measure(() => Promise.resolve())
  now.mockRestore()
  expect(observe.ran).not.toHaveBeenCalled() // it is no request's hash

  const request = { client: '192.0.2.1', signal: new AbortController().signal }
  const running = gate<null>()
  const first = queue.run(request, () => running.promise)
  expect(() => queue.assertCapacity(request)).toThrow(OverloadedError)
  running.open(null)
  await first
})
