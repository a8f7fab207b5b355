import { LRUCache } from 'lru-cache'
import type { Pool } from 'pg'
import type { SessionView } from './sessions'
import type { Account } from './users'
import { SESSION } from '../config/defaults'

/** A session with its account. */
export interface LiveSession {
  session: SessionView
  account: Account
  /** Of the account: they open the operator API. */
  roles: readonly string[]
}

// Plain pg and a named statement, since every authenticated request that misses the cache runs it.
const SELECT_SESSION = {
  name: 'session-cache',
  text: `SELECT s.id, s.created_at, s.last_seen_at, s.expires_at, s.ip_address, s.user_agent,
      s.aal, s.amr, s.authenticated_at,
      u.id AS user_id, u.email, u.email_verified_at, u.display_name, u.locale, u.created_at AS user_created_at, u.roles
    FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $1 AND s.revoked_at IS NULL AND u.disabled_at IS NULL`,
}
const UPDATE_LAST_SEEN = 'UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $3'

interface Row {
  id: string
  created_at: Date
  last_seen_at: Date
  expires_at: Date
  ip_address: string | null
  user_agent: string | null
  aal: number
  amr: string[]
  authenticated_at: Date
  user_id: string
  email: string
  email_verified_at: Date | null
  display_name: string | null
  locale: string
  user_created_at: Date
  roles: string[]
}

/** One session, or all sessions of a user. */
export interface CacheKey {
  kind: 'session' | 'user'
  id: string
}

interface SessionCacheOptions {
  pool: Pool
  /** Whether notifications certainly arrive. */
  isListening: () => boolean
  onError: (error: unknown) => void
}

/** A query in flight. A notification meanwhile makes it stale, since it may have read the earlier state. */
interface PendingLoad {
  stale: boolean
}

/**
 * Looks sessions up through a bounded cache. The database's notifications invalidate its entries; while they may not arrive,
 * the cache is neither read nor filled.
 */
export class SessionCache {
  private readonly cache = new LRUCache<string, LiveSession>({
    max: SESSION.cacheSize,
    ttl: SESSION.cacheMaxAge,
    dispose: (live, sessionId) => this.unindex(live.account.id, sessionId),
  })
  /** The cached sessions of each user, so that invalidating a user does not iterate over the whole cache. */
  private readonly sessionsOf = new Map<string, Set<string>>()
  private readonly pending = new Map<string, Set<PendingLoad>>()

  constructor(private readonly options: SessionCacheOptions) {}

  /** The session, if it is live. Throws the driver's error if the database is unavailable, instead of returning null. */
  async get(sessionId: string, now: Date): Promise<LiveSession | null> {
    const known = this.options.isListening() ? this.cache.get(sessionId) : undefined
    // A refresh extends expires_at without NOTIFY, so re-read a session that looks expired.
    const live = known && known.session.expiresAt > now ? known : await this.load(sessionId)
    if (!live || live.session.expiresAt <= now) return null
    this.recordLastSeen(live.session, now)
    return live
  }

  /** Removes a session, or all sessions of a user, from the cache. */
  invalidate({ kind, id }: CacheKey): void {
    if (kind === 'session') {
      this.cache.delete(id)
      markStale(this.pending.get(id))
      return
    }
    for (const sessionId of [...(this.sessionsOf.get(id) ?? [])]) this.cache.delete(sessionId)
    this.markAllStale() // their users are not known yet
  }

  invalidateAll(): void {
    this.cache.clear()
    this.markAllStale()
  }

  private async load(sessionId: string): Promise<LiveSession | null> {
    const { pool, isListening } = this.options
    const load = { stale: !isListening() }
    const loads = this.pending.get(sessionId) ?? new Set()
    this.pending.set(sessionId, loads.add(load))
    try {
      const { rows } = await pool.query<Row>({ ...SELECT_SESSION, values: [sessionId] })
      const live = rows[0] ? fromRow(rows[0]) : null
      if (live && !load.stale && isListening()) this.keep(live)
      return live
    } finally {
      loads.delete(load)
      if (loads.size === 0) this.pending.delete(sessionId)
    }
  }

  private keep(live: LiveSession): void {
    this.cache.set(live.session.id, live)
    const ofUser = this.sessionsOf.get(live.account.id) ?? new Set()
    this.sessionsOf.set(live.account.id, ofUser.add(live.session.id))
  }

  private unindex(userId: string, sessionId: string): void {
    const ofUser = this.sessionsOf.get(userId)
    ofUser?.delete(sessionId)
    if (ofUser?.size === 0) this.sessionsOf.delete(userId)
  }

  private markAllStale(): void {
    for (const loads of this.pending.values()) markStale(loads)
  }

  /** Writes at most once a minute for each session; the request does not wait for it. */
  private recordLastSeen(session: SessionView, now: Date): void {
    const due = now.getTime() - SESSION.lastSeenResolution
    if (session.lastSeenAt.getTime() > due) return
    session.lastSeenAt = now
    this.options.pool.query(UPDATE_LAST_SEEN, [session.id, now, new Date(due)]).catch(this.options.onError)
  }
}

function markStale(loads: Set<PendingLoad> | undefined): void {
  for (const load of loads ?? []) load.stale = true
}

function fromRow(row: Row): LiveSession {
  return {
    session: {
      id: row.id,
      createdAt: row.created_at,
      lastSeenAt: row.last_seen_at,
      expiresAt: row.expires_at,
      ipAddress: row.ip_address,
      userAgent: row.user_agent,
      aal: row.aal,
      amr: row.amr,
      authenticatedAt: row.authenticated_at,
    },
    account: {
      id: row.user_id,
      email: row.email,
      emailVerifiedAt: row.email_verified_at,
      displayName: row.display_name,
      locale: row.locale,
      createdAt: row.user_created_at,
    },
    roles: row.roles,
  }
}
