/** So many calls of one subject in a window. */
export interface Budget {
  /** Stable, such as `login:IP+EMAIL`: counters live under it, across releases. */
  name: string
  /** Calls in one window. */
  max: number
  /** Milliseconds. The first call opens the window; it ends all at once. */
  window: number
  /** Counted even where rate limits are switched off: it protects people who are no clients of ours. */
  always?: boolean
  /** Counted by each instance for itself, without a trip: a bound on work that would be a trip itself. */
  local?: boolean
}

/** How far one window has come. */
export interface Count {
  /** Calls, with those just counted and with refused ones. */
  calls: number
  /** Milliseconds until the window ends. */
  msLeft: number
}

/** Calls on one key, to be counted. */
export interface Hit {
  key: string
  calls: number
  /** Milliseconds: the length of the window that is opened where none is open. */
  window: number
}

/** One admitted call to be given back, of a budget of `max`. */
export interface Refund {
  key: string
  max: number
}

/**
 * Where calls are counted. Each function is one trip, and atomic for each key among all instances that share the store;
 * windows begin and end by the clock of the store. Each rejects if it is away.
 */
export interface CounterEngine {
  /** Counts calls on different keys, each in a new window where none is open; answers in the order of `hits`. */
  hit: (hits: readonly Hit[]) => Promise<Count[]>
  /**
   * Gives one admitted call back on each key. Refused calls are dropped by it, for they must not hold the place that
   * becomes free. Nothing happens where no call is counted: a credit would let a call too many into the next window.
   */
  refund: (refunds: readonly Refund[]) => Promise<void>
}
