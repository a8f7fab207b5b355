import { Client } from 'pg'
import { DATABASE, SESSION } from '../config/defaults'

/** What the database tells every instance: its triggers send these on the channel `gatehouse`. */
export type Change = { kind: 'session' | 'user'; id: string } | { kind: 'keys' }

export interface ChangeListener {
  /** `onListening` is called whenever listening begins, at first and after each gap: what was held before may be stale. */
  subscribe(subscriber: Subscriber): void
  /** Whether every change up to now is sure to arrive: false from the moment the connection is suspected. */
  listening(): boolean
  close(): Promise<void>
}

interface Subscriber {
  onChange: (change: Change) => void
  onListening: () => void
}

interface ListenerOptions {
  url: string
  onError: (error: unknown) => void
  /** Milliseconds before the first new attempt; doubled up to 5 s. */
  firstRetry?: number
}

/**
 * LISTENs on a connection of its own. A heartbeat finds a connection that died without a word: its answer comes after
 * every notification before it, so an answered heartbeat proves that none is missing.
 */
export function listenForChanges(options: ListenerOptions): ChangeListener {
  const { url, onError, firstRetry = 100 } = options
  const subscribers: Subscriber[] = []
  let client: Client | null = null
  let closed = false
  let retryIn = firstRetry
  let retry: NodeJS.Timeout | undefined
  const heartbeat = setInterval(() => void beat(), SESSION.listenerHeartbeat)
  heartbeat.unref()
  void connect()

  return {
    subscribe: (subscriber) => void subscribers.push(subscriber),
    listening: () => client !== null,
    close: async () => {
      closed = true
      clearInterval(heartbeat)
      clearTimeout(retry)
      const last = client
      client = null
      await last?.end()
    },
  }

  async function connect(): Promise<void> {
    const next = new Client({
      connectionString: url,
      application_name: 'gatehouse listener',
      connectionTimeoutMillis: DATABASE.connectTimeout,
      query_timeout: SESSION.listenerTimeout,
      keepAlive: true,
    })
    next.on('error', (error) => lose(next, error))
    next.on('end', () => lose(next, new Error('The listening connection ended')))
    next.on('notification', ({ payload }) => {
      const change = readChange(payload ?? '')
      if (change) subscribers.forEach((subscriber) => subscriber.onChange(change))
    })
    try {
      await next.connect()
      await next.query('LISTEN gatehouse')
    } catch (error) {
      void next.end().catch(() => undefined)
      onError(error)
      retryLater()
      return
    }
    if (closed) return void next.end()
    retryIn = firstRetry
    subscribers.forEach((subscriber) => subscriber.onListening())
    client = next
  }

  async function beat(): Promise<void> {
    const beating = client
    try {
      await beating?.query('SELECT 1')
    } catch (error) {
      if (beating) lose(beating, error)
    }
  }

  function lose(lost: Client, error: unknown): void {
    if (lost !== client) return
    client = null
    void lost.end().catch(() => undefined)
    if (closed) return
    onError(error)
    retryLater()
  }

  function retryLater(): void {
    if (closed) return
    retry = setTimeout(() => void connect(), retryIn)
    retry.unref()
    retryIn = Math.min(retryIn * 2, 5_000)
  }
}

function readChange(payload: string): Change | null {
  if (payload === 'keys') return { kind: 'keys' }
  const [kind, id] = payload.split(':')
  return (kind === 'session' || kind === 'user') && id !== undefined ? { kind, id } : null
}
