import { AbandonedError } from '../../src/errors/requestErrors'
import { createSingleFlight } from '../../src/services/steps/singleFlight'

describe('calls that are the same and under way at the same time', () => {
  /** Work that ends when the test says so. */
  function held() {
    let end: (failure?: Error) => void = () => undefined
    const ended = new Promise<string>((resolve, reject) => {
      end = (failure) => (failure ? reject(failure) : resolve('result'))
    })
    const work = jest.fn(() => ended)
    return { work, end }
  }

  test('of fifty one is done, and the same call after them anew', async () => {
    const singleFlight = createSingleFlight()
    const { work, end } = held()
    const calls = Array.from({ length: 50 }, () => singleFlight.run('same', work))
    const other = singleFlight.run('other', work)
    end()
    expect(new Set(await Promise.all([...calls, other]))).toEqual(new Set(['result']))
    expect(work).toHaveBeenCalledTimes(2)
    await singleFlight.run('same', work)
    expect(work).toHaveBeenCalledTimes(3)
  })

  // The race: the client whose call is done goes away, and the others would fail with it.
  test('are done once more for those who follow, where the one that led was abandoned', async () => {
    const singleFlight = createSingleFlight()
    const first = held()
    const second = held()
    const leading = singleFlight.run('same', first.work)
    const following = Array.from({ length: 50 }, () => singleFlight.run('same', second.work))
    first.end(new AbandonedError())
    await expect(leading).rejects.toBeInstanceOf(AbandonedError)
    second.end()
    await Promise.all(following)
    expect(second.work).toHaveBeenCalledTimes(1)
  })

  test('fail together for any other reason', async () => {
    const singleFlight = createSingleFlight()
    const first = held()
    const second = held()
    const calls = [singleFlight.run('same', first.work), singleFlight.run('same', second.work)]
    first.end(new Error('the database is away'))
    for (const { status } of await Promise.allSettled(calls)) expect(status).toBe('rejected')
    expect(second.work).not.toHaveBeenCalled()
  })
})
