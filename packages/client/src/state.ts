import type { GatehouseError } from './error.js'
import { platform } from './platform.js'
import type { User } from './operations.generated.js'

/** Who is signed in, as far as this client knows. Each change is a new object. */
export type State =
  /** Until the first refresh is answered. `problem` is why it was not: a dead network says nothing about the session. */
  | { status: 'unknown'; problem: GatehouseError | null }
  | { status: 'signedOut' }
  | {
      status: 'signedIn'
      /** Null where the server could not be asked for it. */
      user: User | null
      accessToken: string
      /** Milliseconds by this device's clock; Infinity where that clock is wrong. */
      expiresAt: number
    }
export type Listener = (state: State) => void

/** The present state and those who want to know of a change. They are told in a microtask, and one that throws harms no other. */
export class Observed {
  private readonly listeners = new Set<Listener>()
  current: State = { status: 'unknown', problem: null }

  set(next: State): void {
    this.current = next
    for (const listener of this.listeners) {
      Promise.resolve()
        .then(() => listener(this.current))
        .catch((error: unknown) => platform.console?.error(error))
    }
  }

  subscribe(listener: Listener): () => void {
    // Wrapped, so that the same function may be subscribed twice.
    const own: Listener = (state) => listener(state)
    this.listeners.add(own)
    return () => void this.listeners.delete(own)
  }
}
