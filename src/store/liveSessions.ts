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

export interface LiveSessions {
  /** The session, if it is live at this moment. Throws the driver's error where the database is away: never a false null. */
  find(sessionId: string, now: Date): Promise<LiveSession | null>
  /** Drops what is held of a session, or of all sessions of a user. */
  forget(changed: { kind: 'session' | 'user'; id: string }): void
  forgetAll(): void
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

/**
 * Looks sessions up, through a bounded cache that the database keeps honest: whatever it announces is dropped, and
 * while `listening()` is false nothing is taken from the cache or put into it.
 */
export function createLiveSessions(options: {
  pool: Pool
  listening: () => boolean
  onError: (error: unknown) => void
}): LiveSessions {
  const { pool, listening, onError } = options
  const cache = new LRUCache<string, LiveSession>({ max: SESSION.cacheSize, ttl: SESSION.cacheMaxAge })
  /** Look-ups under way: a change that is announced meanwhile spoils them, since they may have read what was before. */
  const underWay = new Map<string, Set<{ spoiled: boolean }>>()

  return { find, forget, forgetAll }

  async function find(sessionId: string, now: Date): Promise<LiveSession | null> {
    const known = listening() ? cache.get(sessionId) : undefined
    const live = known ?? (await lookUp(sessionId))
    if (!live || live.session.expiresAt <= now) return null
    noteSeen(live.session, now)
    return live
  }

  async function lookUp(sessionId: string): Promise<LiveSession | null> {
    const look = { spoiled: !listening() }
    const looks = underWay.get(sessionId) ?? new Set()
    underWay.set(sessionId, looks.add(look))
    try {
      const { rows } = await pool.query<Row>({ ...LOOK_UP, values: [sessionId] })
      const live = rows[0] ? fromRow(rows[0]) : null
      if (live && !look.spoiled && listening()) cache.set(sessionId, live)
      return live
    } finally {
      looks.delete(look)
      if (looks.size === 0) underWay.delete(sessionId)
    }
  }

  function forget({ kind, id }: { kind: 'session' | 'user'; id: string }): void {
    if (kind === 'session') {
      cache.delete(id)
      underWay.get(id)?.forEach((look) => (look.spoiled = true))
      return
    }
    for (const [sessionId, live] of cache.entries()) if (live.account.id === id) cache.delete(sessionId)
    spoilAll() // whose they are is not known yet
  }

  function forgetAll(): void {
    cache.clear()
    spoilAll()
  }

  function spoilAll(): void {
    for (const looks of underWay.values()) looks.forEach((look) => (look.spoiled = true))
  }

  /** Bounded writes: one a minute and session at most, beside the request and never in its way. */
  function noteSeen(session: SessionView, now: Date): void {
    const due = now.getTime() - SESSION.lastSeenResolution
    if (session.lastSeenAt.getTime() > due) return
    session.lastSeenAt = now
    pool.query(SEEN, [session.id, now, new Date(due)]).catch(onError)
  }
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
