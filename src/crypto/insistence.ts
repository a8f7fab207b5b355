import { LRUCache } from 'lru-cache'
import type { Turn } from './turn'
import { pause } from '../lib/pause'

/** Refusals of one address that are told at once: more than the honest people behind it cause together. */
const AT_ONCE = 512
/** Of these, to a connection that was told one before: it knows, and asks again. */
const AT_ONCE_AGAIN = 128
/** Milliseconds without a refusal after which an address counts as a new one. */
const FORGIVEN = 5_000
/** Milliseconds that a further refusal is held, at most: long enough that refusing costs next to nothing. */
const HELD = 4_000
/** Addresses that are remembered, and refusals that are held at once: bounds on memory. */
const MAX_CLIENTS = 10_000
const MAX_HELD = 1_000

/**
 * Slows down who asks again without pause however often it is refused. A refusal takes a millisecond of a core; a few dozen
 * connections that retry at once would take the core from those who are served, and from everyone else.
 */
export class Insistence {
  private readonly refusals = new LRUCache<string, number>({ max: MAX_CLIENTS, ttl: FORGIVEN })
  private readonly told = new WeakSet()
  private readonly heldFor: number
  private held = 0

  /** `maxWait` in milliseconds: a refusal is told before a success would be. */
  constructor(maxWait: number) {
    this.heldFor = Math.min(HELD, maxWait * 0.8)
  }

  /** Counts one refusal of a client, and resolves when it may be told; at once when the client has gone. */
  async hold({ client, connection, signal }: Turn): Promise<void> {
    const refusals = (this.refusals.get(client) ?? 0) + 1
    this.refusals.set(client, refusals)
    const atOnce = this.told.has(connection) ? AT_ONCE_AGAIN : AT_ONCE
    this.told.add(connection)
    if (refusals <= atOnce || this.held >= MAX_HELD) return
    this.held += 1
    // Spread, so that those who were held together do not come back together.
    await pause(this.heldFor * (0.75 + Math.random() / 4), signal)
    this.held -= 1
  }
}
