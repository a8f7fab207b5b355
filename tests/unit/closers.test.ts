import { Closers } from '../../src/lib/closers'

describe('what was opened', () => {
  test('is closed last first, all of it although a part fails, and once', async () => {
    const closers = new Closers()
    const closed: string[] = []
    closers.push(() => closed.push('first'))
    closers.push(() => Promise.reject(new Error('stuck')))
    closers.push(() => closed.push('last'))
    const failure = await closers.close().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(AggregateError)
    expect(failure).toMatchObject({ errors: [{ message: 'stuck' }] })
    expect(closed).toEqual(['last', 'first'])
    await expect(closers.close()).rejects.toBe(failure)
    expect(closed).toHaveLength(2)
  })
})
