import { Client } from 'pg'
import { DATABASE, SESSION } from '../config/defaults'

/** What the database tells every instance: its triggers send these on the channel `gatehouse`. */
export type Change = { kind: 'session' | 'user'; id: string } | { kind: 'keys' | 'mails' }

interface Subscriber {
  onChange: (change: Change) => void
  /** Called whenever listening begins, at first and after each gap: what was held before may be stale. */
  onListening: () => void
}

interface ListenerOptions {
  url: string
  onError: (error: unknown) => void
}

/** Milliseconds before the first new attempt to connect, doubled for each further one up to the cap. */
const FIRST_RETRY = 100
const MAX_RETRY = 5_000

/**
 * LISTENs on a connection of its own, from the moment it is made. A heartbeat finds a connection that died without a
 * word: its answer comes after every notification before it, so an answered heartbeat proves that none is missing.
 */
export class ChangeListener {
  private readonly subscribers: Subscriber[] = []
  private readonly heartbeat: NodeJS.Timeout
  private client: Client | null = null
  private closed = false
  private retryIn = FIRST_RETRY
  private retry: NodeJS.Timeout | undefined

  constructor(private readonly options: ListenerOptions) {
    this.heartbeat = setInterval(() => void this.beat(), SESSION.listenerHeartbeat)
    this.heartbeat.unref()
    void this.connect()
  }

  subscribe(subscriber: Subscriber): void {
    this.subscribers.push(subscriber)
  }

  /** Whether every change is sure to arrive: false from the moment the connection is suspected. */
  isListening(): boolean {
    return this.client !== null
  }

  async close(): Promise<void> {
    this.closed = true
    clearInterval(this.heartbeat)
    clearTimeout(this.retry)
    const last = this.client
    this.client = null
    await last?.end()
  }

  private async connect(): Promise<void> {
    const client = this.newClient()
    try {
      await client.connect()
      await client.query('LISTEN gatehouse')
    } catch (error) {
      hangUp(client)
      this.options.onError(error)
      this.retryLater()
      return
    }
    if (this.closed) {
      hangUp(client)
      return
    }
    this.retryIn = FIRST_RETRY
    for (const { onListening } of this.subscribers) onListening()
    this.client = client
  }

  private newClient(): Client {
    const client = new Client({
      connectionString: this.options.url,
      application_name: 'gatehouse listener',
      connectionTimeoutMillis: DATABASE.connectTimeout,
      query_timeout: SESSION.listenerTimeout,
      keepAlive: true,
    })
    client.on('error', (error) => this.lose(client, error))
    client.on('end', () => this.lose(client, new Error('The listening connection ended')))
    client.on('notification', ({ payload }) => {
      const change = readChange(payload ?? '')
      if (change) for (const { onChange } of this.subscribers) onChange(change)
    })
    return client
  }

  private async beat(): Promise<void> {
    const { client } = this
    await client?.query('SELECT 1').catch((error: unknown) => this.lose(client, error))
  }

  private lose(lost: Client, error: unknown): void {
    if (lost !== this.client) return
    this.client = null
    hangUp(lost)
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

/** Nothing is expected of it any more, a farewell neither. */
function hangUp(client: Client): void {
  client.end().catch(() => undefined)
}

function readChange(payload: string): Change | null {
  if (payload === 'keys' || payload === 'mails') return { kind: payload }
  const [kind, id] = payload.split(':')
  return (kind === 'session' || kind === 'user') && id !== undefined ? { kind, id } : null
}
