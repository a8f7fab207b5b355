import { AbandonedError } from '../../errors/requestErrors'

/** Calls that are the same and under way at the same time share one execution: a doubled submit does its work once. */
export interface InFlight {
  run(key: string, work: () => Promise<void>): Promise<void>
}

export function createInFlight(): InFlight {
  const running = new Map<string, Promise<void>>()
  return {
    async run(key, work) {
      const shared = running.get(key)
      if (shared) {
        // The one that leads may be abandoned by its client: that must not fail those who follow.
        return shared.catch((error: unknown) => {
          if (error instanceof AbandonedError) return this.run(key, work)
          throw error
        })
      }
      const own = work().finally(() => running.delete(key))
      running.set(key, own)
      return own
    },
  }
}
