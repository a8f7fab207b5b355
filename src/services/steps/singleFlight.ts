import { AbandonedError } from '../../errors/requestErrors'

/** Equal concurrent calls on this instance share one execution, so that a form submitted twice does its work once. */
export interface SingleFlight {
  run(key: string, work: () => Promise<string>): Promise<string>
}

export function createSingleFlight(): SingleFlight {
  const running = new Map<string, Promise<string>>()

  return { run }

  async function run(key: string, work: () => Promise<string>): Promise<string> {
    const shared = running.get(key)
    if (!shared) return lead(key, work)
    try {
      return await shared
    } catch (error) {
      // The client of the executing call may have disconnected: the calls that share it must not fail.
      if (error instanceof AbandonedError) return run(key, work)
      throw error
    }
  }

  async function lead(key: string, work: () => Promise<string>): Promise<string> {
    const own = work()
    running.set(key, own)
    try {
      return await own
    } finally {
      running.delete(key)
    }
  }
}
