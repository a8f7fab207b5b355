import { randomUUID } from 'node:crypto'
import type { Client, Pool } from 'pg'
import { type ConnectionTarget, openConnection, socketOf } from './connection'
import { SESSION } from '../config/defaults'

/** Sent by the database's triggers to every instance on the channel `gatehouse`. */
export type Notification = { kind: 'session' | 'user'; id: string } | { kind: 'keys' | 'mails' | 'webhooks' }

interface Subscriber {
  onNotification: (notification: Notification) => void
  /** Called when listening starts, and again after each gap: anything cached before may be stale. */
  onListening: () => void
}

interface ListenerOptions {
  target: ConnectionTarget
  /** Sends a payload on the channel `gatehouse` through the pool. */
  notify: (payload: string) => Promise<unknown>
  onError: (error: unknown) => void
}

/** A heartbeat did not arrive: the connection is dead, or notifications do not pass between pool and listener. */
export class SilentListenerError extends Error {
  readonly code = 'LISTENER_SILENT'
}

/** Milliseconds before the first attempt to reconnect, doubled for each further one up to MAX_RETRY. */
const FIRST_RETRY = 100
const MAX_RETRY = 5_000

/**
 * LISTENs on a connection of its own. Each heartbeat is a notification that is sent through the pool and must arrive here. A
 * query on this connection would not do: it succeeds behind a transaction pooler that delivers no notifications. They arrive
 * in the order of their commits, so the arrival of a heartbeat proves that no earlier one is missing.
 */
export class NotificationListener {
  private readonly subscribers: Subscriber[] = []
  private readonly timer: NodeJS.Timeout
  private readonly instance = randomUUID()
  private client: Client | null = null
  private sent = 0
  /** The newest heartbeat that has arrived on the current connection. */
  private lastArrived: number | null = null
  private closed = false
  private retryIn = FIRST_RETRY
  private retry: NodeJS.Timeout | undefined

  constructor(private readonly options: ListenerOptions) {
    this.timer = setInterval(() => void this.heartbeat(), SESSION.listenerHeartbeat)
    this.timer.unref()
    void this.connect()
  }

  subscribe(subscriber: Subscriber): void {
    this.subscribers.push(subscriber)
  }

  /** Whether notifications certainly arrive: false as soon as the connection may be broken. */
  isListening(): boolean {
    return this.lastArrived !== null
  }

  async close(): Promise<void> {
    this.closed = true
    clearInterval(this.timer)
    clearTimeout(this.retry)
    const { client } = this
    this.client = null
    this.lastArrived = null
    if (!client) return
    // A server that is gone answers nothing: closing must not wait for it.
    const timeout = setTimeout(() => socketOf(client).destroy(), SESSION.listenerTimeout)
    await client.end()
    clearTimeout(timeout)
  }

  private async connect(): Promise<void> {
    try {
      const client = await openConnection(this.options.target, {
        application_name: 'gatehouse listener',
        query_timeout: SESSION.listenerTimeout,
      })
      client.on('error', (error) => this.disconnect(client, error))
      client.on('end', () => this.disconnect(client, new Error('The listening connection ended')))
      client.on('notification', ({ payload }) => this.receive(client, payload ?? ''))
      await client.query('LISTEN gatehouse').catch((error: unknown) => {
        discard(client)
        throw error
      })
      if (this.closed) {
        discard(client)
        return
      }
      this.client = client
      await this.heartbeat()
    } catch (error) {
      if (this.closed) return // nobody waits for this connection any more
      this.options.onError(error)
      this.retryLater()
    }
  }

  /** Sends a heartbeat, and closes the connection if it does not arrive in time. */
  private async heartbeat(): Promise<void> {
    const { client } = this
    if (!client) return
    const sequence = ++this.sent
    try {
      await this.options.notify(`heartbeat:${this.instance}:${sequence}`)
    } catch {
      if (client === this.client) this.lastArrived = null // unproven; the pool reports its own errors
      return
    }
    // Timed from the commit: a wait for a pool connection does not count against this one.
    setTimeout(() => {
      if (client === this.client && (this.lastArrived ?? 0) < sequence)
        this.disconnect(client, new SilentListenerError())
    }, SESSION.listenerTimeout).unref()
  }

  private receive(client: Client, payload: string): void {
    const [kind, instance, sequence] = payload.split(':')
    if (kind === 'heartbeat') {
      if (instance === this.instance && client === this.client) this.confirm(Number(sequence))
      return
    }
    const notification = parseNotification(payload)
    if (notification) for (const { onNotification } of this.subscribers) onNotification(notification)
  }

  private confirm(sequence: number): void {
    const begins = this.lastArrived === null
    if (begins) {
      this.retryIn = FIRST_RETRY
      // Called before isListening() is true, so that caches drop stale entries before they are used again.
      for (const { onListening } of this.subscribers) onListening()
    }
    this.lastArrived = sequence
  }

  private disconnect(lost: Client, error: unknown): void {
    if (lost !== this.client) return
    this.client = null
    this.lastArrived = null
    discard(lost)
    this.options.onError(error)
    this.retryLater()
  }

  private retryLater(): void {
    if (this.closed) return
    this.retry = setTimeout(() => void this.connect(), this.retryIn)
    this.retry.unref()
    this.retryIn = Math.min(this.retryIn * 2, MAX_RETRY)
  }
}

/** Ends a connection without waiting for its answer. */
function discard(client: Client): void {
  client.end().catch(() => undefined)
  socketOf(client).destroySoon()
}

function parseNotification(payload: string): Notification | null {
  if (payload === 'keys' || payload === 'mails' || payload === 'webhooks') return { kind: payload }
  const [kind, id] = payload.split(':')
  return (kind === 'session' || kind === 'user') && id !== undefined ? { kind, id } : null
}

export async function sendNotification(pool: Pool, payload: string): Promise<void> {
  await pool.query("SELECT pg_notify('gatehouse', $1)", [payload])
}
