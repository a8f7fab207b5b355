import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Options } from '@zxcvbn-ts/core'
import { PASSWORD } from '../../src/config/defaults'
import { PASSWORD_ADVICE } from '../../src/passwords/passwordAdvice'
import { type StrengthEstimator, startStrengthEstimator } from '../../src/passwords/strengthEstimator'
import { createStrengthEstimate } from '../../src/passwords/strengthEstimate'
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
    const { score, suggestions } = estimate(address, [address])
    expect(score).toBeLessThan(2)
    expect(suggestions).toContain('userInputs')
  })

  test.each([
    'a'.repeat(64),
    'я'.repeat(128),
    '😀'.repeat(50),
    'password'.repeat(8),
    'PasswordpassworDPASSWORD'.repeat(3),
    'correct '.repeat(10),
    'password1password2password3password4password5password6password7password8',
    'aaaaaaaabbbbbbbbccccccccddddddddeeeeeeeeffffffffgggggggghhhhhhhh',
    'ab'.repeat(64),
    'qwertyuiop'.repeat(12),
    '0123456789'.repeat(7),
    'dragon '.repeat(18),
  ])('a repetition is as weak as what it repeats, however long: %j', (password) => {
    const { score, suggestions } = estimate(password, [])
    expect(score).toBeLessThan(3)
    expect(suggestions.length).toBeGreaterThan(0)
  })

  test.each([
    'зеленый трактор едет через поле где семь лун смотрят на реку дня',
    'the river remembers every stone that the mountain once forgot to',
    Array.from({ length: 64 }, (_, n) => String.fromCodePoint(0x1f400 + n)).join(''),
    '一只紫色的拖拉机在七个月亮下慢慢地穿过田野我们看着河水流向远方的大海直到天亮没有人说话只有风在吹过树叶的声音和远处的狗叫声'.repeat(
      2,
    ),
    'violet tractor seven moons '.repeat(3),
    `${'😀'.repeat(50)}kX9#vq!2Lm@w`,
    `${'ab'.repeat(32)}kX9#vq!2Lm@w and much more`,
  ])('length passes where it does not repeat itself, and a repetition of what is strong: %j', (password) => {
    expect(estimate(password, CONTEXT)).toEqual({ score: 4, suggestions: [] })
  })

  test('only the first 64 code points are estimated, and 128 read, so that length costs no time', () => {
    const unlike = Array.from({ length: 128 }, (_, n) => String.fromCodePoint(0x4e00 + n * 7)).join('')
    expect(estimate(`${unlike}password`, [])).toEqual(estimate(unlike, []))
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

  test('a machine that is slow to load the dictionaries, or to estimate, is no overload', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'performance'] })
    const first = estimator.estimate('password123', [])
    await Promise.resolve()
    jest.advanceTimersByTime(30_000)
    expect((await first).score).toBe(0)
    const second = estimator.estimate('password123', [])
    await Promise.resolve()
    jest.advanceTimersByTime(20_000)
    expect((await second).score).toBe(0)
    expect([reasons, workers.length]).toEqual([[], 1])
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
