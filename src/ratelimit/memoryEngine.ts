import { LRUCache } from 'lru-cache'
import type { Budget, CounterEngine } from './counterEngine'

/** Keys at about 150 bytes each. Beyond, the least recently used are forgotten here, and only here. */
const CAPACITY = 100_000

interface Window {
  calls: number
  /** Milliseconds since the epoch. */
  end: number
}

/** Counts in this process alone, and can learn of a window that a shared store keeps. */
export interface MemoryEngine extends CounterEngine {
  /** Lets the window end in `msLeft` milliseconds: when that of the store does. */
  alignEnd: (key: string, msLeft: number) => void
  /** Marks the budget as spent, for another `msLeft` milliseconds at least. */
  spend: (key: string, budget: Budget, msLeft: number) => void
}

/** The library's own memory store is not used: it grows without bound, with one timer for each key. */
export function createMemoryEngine(capacity = CAPACITY): MemoryEngine {
  const windows = new LRUCache<string, Window>({ max: capacity })

  const open = (key: string): Window | undefined => {
    const window = windows.get(key)
    return window && window.end > Date.now() ? window : undefined
  }

  return {
    hit(key, budget) {
      const window = open(key) ?? { calls: 0, end: Date.now() + budget.window }
      window.calls += 1
      windows.set(key, window)
      return Promise.resolve({ calls: window.calls, msLeft: window.end - Date.now() })
    },

    refund(key, budget) {
      const window = open(key)
      if (window && window.calls > 0) window.calls = Math.min(window.calls, budget.max) - 1
      return Promise.resolve()
    },

    reset(key) {
      windows.delete(key)
      return Promise.resolve()
    },

    alignEnd(key, msLeft) {
      const window = open(key)
      if (window) window.end = Date.now() + msLeft
    },

    spend(key, budget, msLeft) {
      const window = open(key) ?? { calls: 0, end: 0 }
      window.calls = Math.max(window.calls, budget.max)
      window.end = Math.max(window.end, Date.now() + msLeft)
      windows.set(key, window)
    },
  }
}
