import { v7 as uuidv7 } from 'uuid'
import type { Queryable } from './database'

/** What the audit knows: each flow has its event. */
export type AuditEventType =
  | 'registration_requested'
  | 'email_verified'
  | 'login_succeeded'
  | 'login_failed'
  | 'session_refreshed'
  | 'refresh_token_reused'
  | 'session_revoked'
  | 'other_sessions_revoked'
  | 'logged_out'
  | 'password_reset'
  | 'password_changed'
  | 'password_check_failed'
  | 'profile_updated'
  | 'email_change_requested'
  | 'email_changed'
  | 'account_deleted'

export interface AuditEvent {
  type: AuditEventType
  userId: string | null
  ipAddress: string | null
  userAgent: string | null
  now: Date
  /** Ids, counts and codes: never a secret, never an address. */
  details?: Record<string, string | number | boolean>
}

export async function insertAuditEvent(db: Queryable, event: AuditEvent): Promise<void> {
  const { type, userId, ipAddress, userAgent, now, details = {} } = event
  await db.auditEvent.create({ data: { id: uuidv7(), type, userId, ipAddress, userAgent, details, createdAt: now } })
}
