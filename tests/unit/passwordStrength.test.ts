import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Options } from '@zxcvbn-ts/core'
import { PASSWORD } from '../../src/config/defaults'
import { PASSWORD_ADVICE } from '../../src/crypto/passwordAdvice'
import { type StrengthEstimator, startStrengthEstimator } from '../../src/crypto/passwordStrength'
import { createStrengthEstimate } from '../../src/crypto/strengthEstimate'
import { OverloadedError } from '../../src/errors/userErrors'

const CONTEXT = ['anna.schmidt@example.com', 'anna.schmidt', 'Anna Schmidt', 'Gatehouse', 'auth.example.org']

describe('estimate', () => {
  const estimate = createStrengthEstimate()

  test.each(['password123', 'qwertyuiop', 'Password123!', 'P@ssw0rd2024', 'iloveyou!!', 'abcdefghij', '11111111', ''])(
    'a common password is weak, digits and substitutions or not: %j',
    (password) => {
      const { score, suggestions } = estimate(password, [])
      expect(score).toBeLessThan(3)
      expect(suggestions.length).toBeGreaterThan(0)
    },
  )

  test.each(['violet tractor seven moons', 'correct horse battery staple', 'kX9#vq!2Lm@w', '😀😃😄😁😆😅🤣😂🙃🙂'])(
    'phrases and random characters are strong, with no rule about their kinds: %j',
    (password) => {
      expect(estimate(password, CONTEXT).score).toBeGreaterThanOrEqual(3)
    },
  )

  test.each([
    'anna.schmidt@example.com',
    'ANNA.schmidt@Example.COM',
    'aNnA.sChMiDt@eXaMpLe.CoM!x7',
    'moc.elpmaxe@tdimhcs.anna',
    'anna.schmidt',
    'AnnaSchmidt1990',
    'schmidt-anna-2026',
    'Gatehouse',
    'Gatehouse2026!',
    'auth.example.org',
    'gatehouse@example',
  ])('a password made of what is known of the account is weak: %j', (password) => {
    const { score, suggestions } = estimate(password, CONTEXT)
    expect(score).toBeLessThan(3)
    expect(suggestions).toContain('userInputs')
  })

  test('a phrase that only mentions a name is judged by the rest', () => {
    expect(estimate('violet tractor anna seven moons', CONTEXT).score).toBeGreaterThanOrEqual(3)
  })

  test('an address longer than what is read is recognised all the same', () => {
    const address = `${'qzjx7'.repeat(12)}@${'w4kv9'.repeat(12)}.example`
    expect(estimate(address, []).score).toBeGreaterThanOrEqual(0)
    expect(estimate(address, [address])).toMatchObject({ score: 0 })
  })

  test('only the first 64 code points are read, so that length costs no time', () => {
    const start = 'ab'.repeat(32)
    expect(estimate(`${start}kX9#vq!2Lm@w and much more`, [])).toEqual(estimate(start, []))
    expect(estimate('😀'.repeat(50), []).score).toBeLessThan(3)
    expect(estimate(`${'😀'.repeat(50)}kX9#vq!2Lm@w`, []).score).toBeGreaterThanOrEqual(3)
  })

  test('whatever is not the best has advice, the best has none, and nothing is said twice', () => {
    expect(estimate('zx8!kQ2#vL', [])).toEqual({ score: 3, suggestions: ['anotherWord'] })
    expect(estimate('violet tractor seven moons', [])).toEqual({ score: 4, suggestions: [] })
    const { suggestions } = estimate('20262026', [])
    expect(new Set(suggestions).size).toBe(suggestions.length)
  })

  test('the list of advice is what the estimator can say', () => {
    const { warnings, suggestions } = new Options().translations
    expect([...PASSWORD_ADVICE].sort()).toEqual([...new Set(Object.values({ ...warnings, ...suggestions }))].sort())
  })
})

describe('thread', () => {
  const workers: Worker[] = []
  const reasons: string[] = []
  const logger = { error: ({ reason }: { reason: string }) => void reasons.push(reason) }
  const remember = (message: unknown): void => void workers.push((message as { worker: Worker }).worker)
  let estimator: StrengthEstimator

  beforeAll(() => subscribe('worker_threads', remember))
  afterAll(() => unsubscribe('worker_threads', remember))
  beforeEach(() => {
    workers.length = 0
    reasons.length = 0
    estimator = startStrengthEstimator({ logger, idleTimeout: 5 * 60_000 })
  })
  afterEach(async () => {
    jest.useRealTimers()
    await estimator.close()
  })

  /** The thread that was begun last. */
  function thread(): Worker {
    const worker = workers.at(-1)
    if (!worker) throw new Error('No thread was begun')
    return worker
  }

  test('nothing is loaded before the first question, and one thread answers 50 at once', async () => {
    expect(workers).toHaveLength(0)
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) =>
        estimator.estimate(n % 2 === 0 ? 'password123' : 'violet tractor seven moons', []),
      ),
    )
    expect(answers.map(({ score }) => score)).toEqual(Array.from({ length: 50 }, (_, n) => (n % 2 === 0 ? 0 : 4)))
    expect(workers).toHaveLength(1)
  })

  test('the words of the account reach the thread', async () => {
    expect((await estimator.estimate('anna.schmidt@example.com', CONTEXT)).suggestions).toContain('userInputs')
  })

  test('more than can be answered soon are refused at once', async () => {
    const all = await Promise.allSettled(Array.from({ length: 70 }, () => estimator.estimate('password123', [])))
    const refused = all.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(6)
    expect(refused.every(({ reason }) => reason instanceof OverloadedError)).toBe(true)
  })

  test('an estimate that takes too long is given up with its thread, and the next begins another', async () => {
    await estimator.estimate('first', [])
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] })
    const slow = estimator.estimate('kX9#vq!2Lm@w', [])
    const refused = expect(slow).rejects.toBeInstanceOf(OverloadedError)
    await Promise.resolve()
    jest.advanceTimersByTime(PASSWORD.estimateTimeout)
    await refused
    jest.useRealTimers()
    expect(reasons).toEqual(['timeout'])
    expect((await estimator.estimate('password123', [])).score).toBe(0)
    expect(workers).toHaveLength(2)
  })

  test('a thread that dies refuses those who wait, and the next question begins another', async () => {
    await estimator.estimate('first', [])
    const waiting = Promise.allSettled([estimator.estimate('one', []), estimator.estimate('two', [])])
    await thread().terminate()
    for (const result of await waiting) {
      expect(result).toMatchObject({ status: 'rejected', reason: expect.any(OverloadedError) as unknown })
    }
    expect(reasons).toHaveLength(1)
    expect((await estimator.estimate('password123', [])).score).toBe(0)
    expect(workers).toHaveLength(2)
  })

  test('after five minutes without a question the thread ends, and no later', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] })
    await estimator.estimate('first', [])
    jest.advanceTimersByTime(4 * 60_000)
    await estimator.estimate('second', [])
    const ended = jest.fn()
    thread().once('exit', ended)
    jest.advanceTimersByTime(4 * 60_000)
    expect((await estimator.estimate('third', [])).score).toBeLessThan(3)
    expect(ended).not.toHaveBeenCalled()
    const exit = once(thread(), 'exit')
    jest.advanceTimersByTime(5 * 60_000)
    await exit
    expect(workers).toHaveLength(1)
    expect(reasons).toEqual([])
  })

  test('closing ends the thread and refuses those who wait', async () => {
    const waiting = expect(estimator.estimate('password123', [])).rejects.toBeInstanceOf(OverloadedError)
    await Promise.resolve()
    const exit = once(thread(), 'exit')
    await estimator.close()
    await Promise.all([waiting, exit])
    expect(reasons).toEqual([])
  })
})
