import { LRUCache } from 'lru-cache'
import type { Count } from './counterEngine'
import { RATE_LIMIT } from '../config/defaults'

interface Window {
  calls: number
  /** In the milliseconds of `now`. */
  end: number
}

/** The calls that this process has counted, and what it knows of the windows of a shared store. */
export class LocalCounters {
  private readonly windows: LRUCache<string, Window>

  /** `now` in milliseconds. */
  constructor(
    private readonly now: () => number,
    capacity: number = RATE_LIMIT.localCounters,
  ) {
    this.windows = new LRUCache({ max: capacity })
  }

  /** Milliseconds, at least 1, until a budget of `max` calls admits again; 0 if it is not known to be spent. */
  msBlocked(key: string, max: number): number {
    const window = this.open(key)
    return window && window.calls >= max ? Math.max(window.end - this.now(), 1) : 0
  }

  /** Counts one call, in a new window if none is open. */
  hit(key: string, length: number): Count {
    const window = this.open(key) ?? { calls: 0, end: this.now() + length }
    window.calls += 1
    this.windows.set(key, window)
    return { calls: window.calls, msLeft: window.end - this.now() }
  }

  /** Refunds one admitted call of a budget of `max`. */
  refund(key: string, max: number): void {
    const window = this.open(key)
    if (window && window.calls > 0) window.calls = Math.min(window.calls, max) - 1
  }

  /** Makes the window end together with that of the store, in `msLeft` milliseconds. */
  syncWindowEnd(key: string, msLeft: number): void {
    const window = this.open(key)
    if (window) window.end = this.now() + msLeft
  }

  /** Marks a budget of `max` calls as spent, for another `msLeft` milliseconds at least. */
  markSpent(key: string, max: number, msLeft: number): void {
    const window = this.open(key) ?? { calls: 0, end: 0 }
    window.calls = Math.max(window.calls, max)
    window.end = Math.max(window.end, this.now() + msLeft)
    this.windows.set(key, window)
  }

  private open(key: string): Window | undefined {
    const window = this.windows.get(key)
    return window && window.end > this.now() ? window : undefined
  }
}
