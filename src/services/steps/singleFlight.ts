import { AbandonedError } from '../../errors/requestErrors'

/** Calls that are the same and under way at the same time share one execution: a doubled submit does its work once. */
export interface SingleFlight {
  run(key: string, work: () => Promise<void>): Promise<void>
}

export function createSingleFlight(): SingleFlight {
  const running = new Map<string, Promise<void>>()

  return { run }

  async function run(key: string, work: () => Promise<void>): Promise<void> {
    const shared = running.get(key)
    if (!shared) return lead(key, work)
    try {
      await shared
    } catch (error) {
      // The one that led may have been abandoned by its client: that must not fail those who follow.
      if (error instanceof AbandonedError) return run(key, work)
      throw error
    }
  }

  async function lead(key: string, work: () => Promise<void>): Promise<void> {
    const own = work()
    running.set(key, own)
    try {
      await own
    } finally {
      running.delete(key)
    }
  }
}
