import { platform, within } from './platform.js'

/**
 * Runs the work while no other tab does. It waits so many milliseconds at most and then goes on without: the server
 * forgives two refreshes at once, so the lock saves a request and is needed for nothing.
 */
export async function oneTabAtATime<T>(name: string, wait: number, work: () => Promise<T>): Promise<T> {
  const locks = platform.navigator?.locks
  if (!locks) return work()
  const running: { work?: Promise<T> } = {}
  try {
    return await within(wait, (signal, arrived) =>
      locks.request(name, signal ? { signal } : {}, () => {
        arrived()
        return (running.work = work())
      }),
    )
  } catch {
    // Either the lock was not to be had, or the work itself has failed.
    return await (running.work ?? work())
  }
}
