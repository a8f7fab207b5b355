/** How many calls of one subject are admitted in a window. */
export interface Budget {
  /** Stable across releases, such as `login:IP+EMAIL:15m`: part of the counters' keys. */
  name: string
  /** Calls in one window. */
  max: number
  /** Milliseconds. A fixed window, which the first call opens. */
  window: number
  /** Counted by each instance for itself, without a query: it limits work that is itself one query. */
  local?: boolean
}

/** The state of one window. */
export interface Count {
  /** Calls, including those just counted and refused ones. */
  calls: number
  /** Milliseconds until the window ends. */
  msLeft: number
}

/** Calls on one key that are to be counted. */
export interface Hit {
  key: string
  calls: number
  /** Milliseconds: the length of a window that these calls open. */
  window: number
}

/** One admitted call of a budget of `max` that is to be refunded. */
export interface Refund {
  key: string
  max: number
}

/**
 * Where calls are counted. Each function is one query, atomic for each key among all instances that share the store, and
 * rejects if the store is unavailable. Windows begin and end by the clock of the store.
 */
export interface CounterEngine {
  /** Counts calls on different keys, each in a new window if none is open. The counts are in the order of `hits`. */
  hit: (hits: readonly Hit[]) => Promise<Count[]>
  /**
   * Refunds one admitted call on each key. Also uncounts refused calls, which would otherwise consume the refunded call. Does
   * nothing if no call is counted: a negative count would admit too many calls.
   */
  refund: (refunds: readonly Refund[]) => Promise<void>
}
