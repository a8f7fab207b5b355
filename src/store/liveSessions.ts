import { LRUCache } from 'lru-cache'
import type { Pool } from 'pg'
import type { SessionView } from './sessions'
import type { Account } from './users'
import { SESSION } from '../config/defaults'

/** A session with its account, as every authenticated request needs them. */
export interface LiveSession {
  session: SessionView
  account: Account
}

// Plain pg and a named statement: this look-up is made by every authenticated request that the cache does not answer.
const LOOK_UP = {
  name: 'live-session',
  text: `SELECT s.id, s.created_at, s.last_seen_at, s.expires_at, s.ip_address, s.user_agent,
      u.id AS user_id, u.email, u.email_verified_at, u.display_name, u.locale, u.created_at AS user_created_at
    FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE s.id = $1 AND s.revoked_at IS NULL AND u.disabled_at IS NULL`,
}
const SEEN = 'UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $3'

interface Row {
  id: string
  created_at: Date
  last_seen_at: Date
  expires_at: Date
  ip_address: string | null
  user_agent: string | null
  user_id: string
  email: string
  email_verified_at: Date | null
  display_name: string | null
  locale: string
  user_created_at: Date
}

interface LiveSessionsOptions {
  pool: Pool
  /** Whether changes are heard at this moment. */
  isListening: () => boolean
  onError: (error: unknown) => void
}

/** A look-up under way: a change that is announced meanwhile spoils it, since it may have read what was before. */
interface Look {
  spoiled: boolean
}

/**
 * Looks sessions up, through a bounded cache that the database keeps honest: whatever it announces is dropped, and
 * while changes are not heard nothing is taken from the cache or put into it.
 */
export class LiveSessions {
  private readonly cache = new LRUCache<string, LiveSession>({ max: SESSION.cacheSize, ttl: SESSION.cacheMaxAge })
  private readonly underWay = new Map<string, Set<Look>>()

  constructor(private readonly options: LiveSessionsOptions) {}

  /** The session, if it is live at this moment. Throws the driver's error where the database is away: never a false null. */
  async find(sessionId: string, now: Date): Promise<LiveSession | null> {
    const known = this.options.isListening() ? this.cache.get(sessionId) : undefined
    // A refresh moves the end of a session on without a word: what seems over is asked for again.
    const live = known && known.session.expiresAt > now ? known : await this.lookUp(sessionId)
    if (!live || live.session.expiresAt <= now) return null
    this.noteSeen(live.session, now)
    return live
  }

  /** Drops what is held of a session, or of all sessions of a user. */
  forget({ kind, id }: { kind: 'session' | 'user'; id: string }): void {
    if (kind === 'session') {
      this.cache.delete(id)
      spoil(this.underWay.get(id))
      return
    }
    for (const [sessionId, live] of this.cache.entries()) if (live.account.id === id) this.cache.delete(sessionId)
    this.spoilAll() // whose they are is not known yet
  }

  forgetAll(): void {
    this.cache.clear()
    this.spoilAll()
  }

  private async lookUp(sessionId: string): Promise<LiveSession | null> {
    const { pool, isListening } = this.options
    const look = { spoiled: !isListening() }
    const looks = this.underWay.get(sessionId) ?? new Set()
    this.underWay.set(sessionId, looks.add(look))
    try {
      const { rows } = await pool.query<Row>({ ...LOOK_UP, values: [sessionId] })
      const live = rows[0] ? fromRow(rows[0]) : null
      if (live && !look.spoiled && isListening()) this.cache.set(sessionId, live)
      return live
    } finally {
      looks.delete(look)
      if (looks.size === 0) this.underWay.delete(sessionId)
    }
  }

  private spoilAll(): void {
    for (const looks of this.underWay.values()) spoil(looks)
  }

  /** Bounded writes: one a minute and session at most, beside the request and never in its way. */
  private noteSeen(session: SessionView, now: Date): void {
    const due = now.getTime() - SESSION.lastSeenResolution
    if (session.lastSeenAt.getTime() > due) return
    session.lastSeenAt = now
    this.options.pool.query(SEEN, [session.id, now, new Date(due)]).catch(this.options.onError)
  }
}

function spoil(looks: Set<Look> | undefined): void {
  for (const look of looks ?? []) look.spoiled = true
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
    },
    account: {
      id: row.user_id,
      email: row.email,
      emailVerifiedAt: row.email_verified_at,
      displayName: row.display_name,
      locale: row.locale,
      createdAt: row.user_created_at,
    },
  }
}
