import { platform, within } from './platform.js'

/** Milliseconds: what a tab tells about its work reaches the others before the lock does. */
const NEWS_FIRST = 50

/**
 * Runs the work while no other tab does. It waits so many milliseconds at most and then goes on without: the server
 * forgives two refreshes at once, so the lock saves a request and is needed for nothing.
 */
export async function oneTabAtATime<T>(name: string, wait: number, work: () => Promise<T>): Promise<T> {
  const locks = platform.navigator?.locks
  if (!locks) return work()
  const running: { work?: Promise<T> } = {}
  const done = () => new Promise((release) => setTimeout(release, NEWS_FIRST))
  const begun = within(wait, (signal, arrived) => {
    return new Promise<void>((resolve, reject) => {
      const hold = () => {
        arrived()
        running.work = work()
        resolve()
        return running.work.then(done, done)
      }
      locks.request(name, signal ? { signal } : {}, hold).catch(reject)
    })
  })
  await begun.catch(() => undefined) // the lock was not to be had
  return running.work ?? work()
}
