/** So many calls of one subject in a window. */
export interface Budget {
  /** Stable, such as `login:IP+EMAIL`: counters live under it, across releases. */
  name: string
  /** Calls in one window. */
  max: number
  /** Milliseconds, in whole seconds (Redis counts those). The first call opens the window; it ends all at once. */
  window: number
  /** Counted even where rate limits are switched off: it protects people who are no clients of ours. */
  always?: boolean
}

/** How far one window has come. */
export interface Count {
  /** Calls, with the one just counted and with refused ones. */
  calls: number
  /** Milliseconds until the window ends. */
  msLeft: number
}

/** Where calls are counted. Each function is one atomic step for all instances that share the store; each rejects if it is away. */
export interface CounterEngine {
  /** Counts one call, in a new window where none is open. */
  hit: (key: string, budget: Budget) => Promise<Count>
  /**
   * Gives one admitted call back. Refused calls are dropped by it, for they must not hold the place that becomes free.
   * Nothing happens where no call is counted: a credit would let a call too many into the next window.
   */
  refund: (key: string, budget: Budget) => Promise<void>
  /** Forgets the window. */
  reset: (key: string) => Promise<void>
}
