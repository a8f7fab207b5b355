import type { WebhookEvent } from './catalogue'
import type { AuditEventType } from '../lib/auditEventTypes'
import type { AuditEvent } from '../store/auditEvents'

/** A recorded change. */
export interface RecordedChange extends Pick<AuditEvent, 'type' | 'userId' | 'details'> {
  /** Sessions that a login ended, that of the browser's cookie and those beyond the limit, or that its rejection ended. */
  endedSessionIds?: readonly string[]
}

interface About {
  userId: string
  /** A detail of the audit row. */
  detail: (name: string) => string
  endedSessionIds: readonly string[]
}

/** The events of each type of audit row; null: nobody outside is told. A new type of audit row needs a decision here. */
const EVENTS_OF: Record<AuditEventType, ((about: About) => WebhookEvent[]) | null> = {
  registration_requested: null, // nobody has proved the address
  email_verified: ({ userId }) => [{ type: 'user.registered', data: { userId } }],
  login_succeeded: ({ userId, detail, endedSessionIds }) => [
    { type: 'session.created', data: { userId, sessionId: detail('sessionId') } },
    ...endedSessionIds.map((sessionId) => oneEnded({ userId, sessionId, reason: 'REPLACED' })),
  ],
  login_rejected: ({ userId, endedSessionIds }) =>
    endedSessionIds.map((sessionId) => oneEnded({ userId, sessionId, reason: 'REVOKED' })),
  second_factor_required: null,
  second_factor_failed: null,
  second_factor_added: ({ userId }) => [{ type: 'second_factor.added', data: { userId, kind: 'TOTP' } }],
  second_factor_removed: ({ userId }) => [{ type: 'second_factor.removed', data: { userId, kind: 'TOTP' } }],
  passkey_added: ({ userId, detail }) => [{ type: 'passkey.added', data: { userId, passkeyId: detail('passkeyId') } }],
  passkey_renamed: null,
  passkey_removed: ({ userId, detail }) => [
    { type: 'passkey.removed', data: { userId, passkeyId: detail('passkeyId') } },
  ],
  passkey_cloned: null,
  recovery_code_used: null,
  recovery_codes_renewed: null,
  stepped_up: null,
  login_failed: null,
  session_refreshed: null,
  refresh_token_reused: ({ userId, detail }) => [
    { type: 'security.refresh_token_reused', data: { userId, sessionId: detail('sessionId') } },
    oneEnded({ userId, sessionId: detail('sessionId'), reason: 'REFRESH_TOKEN_REUSED' }),
  ],
  session_revoked: ({ userId, detail }) => [oneEnded({ userId, sessionId: detail('sessionId'), reason: 'REVOKED' })],
  other_sessions_revoked: ({ userId, detail }) => [
    othersEnded({ userId, keptSessionId: detail('keptSessionId'), reason: 'REVOKED' }),
  ],
  logged_out: ({ userId, detail }) => [oneEnded({ userId, sessionId: detail('sessionId'), reason: 'LOGOUT' })],
  password_reset: ({ userId }) => [
    { type: 'user.password_changed', data: { userId, by: 'RESET' } },
    allEnded(userId, 'PASSWORD_RESET'),
  ],
  password_changed: ({ userId, detail }) => [
    { type: 'user.password_changed', data: { userId, by: 'CHANGE' } },
    othersEnded({ userId, keptSessionId: detail('keptSessionId'), reason: 'PASSWORD_CHANGED' }),
  ],
  password_check_failed: null,
  profile_updated: ({ userId }) => [{ type: 'user.updated', data: { userId } }],
  email_change_requested: null,
  account_exported: null,
  email_change_cancelled: null,
  email_changed: ({ userId }) => [{ type: 'user.email_changed', data: { userId } }],
  email_change_undone: emailRestored,
  account_deleted: ({ userId }) => [{ type: 'user.deleted', data: { userId } }],
  user_disabled: ({ userId }) => [{ type: 'user.disabled', data: { userId } }, allEnded(userId, 'DISABLED')],
  user_enabled: ({ userId }) => [{ type: 'user.enabled', data: { userId } }],
  user_sessions_ended: ({ userId }) => [allEnded(userId, 'REVOKED')],
  roles_changed: grantsChanged,
  claims_changed: grantsChanged,
  user_created: null, // nobody has proved the address
  user_imported: null, // a million events would hold up all others
  user_viewed: null,
  second_factor_removal_planned: null, // nothing is removed yet
  second_factor_removal_cancelled: null,
  second_factors_removed: ({ userId }) => [
    { type: 'second_factor.removed', data: { userId, kind: 'ALL' } },
    allEnded(userId, 'REVOKED'),
  ],
  reset_sent: null,
  all_sessions_ended: null, // one event for each of a million users would hold up all others
  service_key_created: null,
  service_key_revoked: null,
  webhook_endpoint_created: null,
  webhook_endpoint_changed: null,
  webhook_endpoint_deleted: null,
  webhook_endpoint_disabled: null,
  webhook_secret_rotated: null,
  webhook_test_queued: null, // the test itself is queued for its endpoint only
  webhooks_replayed: null,
}

/** With `endSessions` the sessions end too; `sessions` is their number. */
function grantsChanged({ userId, detail }: About): WebhookEvent[] {
  const changed: WebhookEvent = { type: 'roles.changed', data: { userId } }
  return detail('sessions') === '0' ? [changed] : [changed, allEnded(userId, 'REVOKED')]
}

/** `factors`: how many second factors, added since the change, were removed. */
function emailRestored({ userId, detail }: About): WebhookEvent[] {
  const removed: WebhookEvent[] =
    detail('factors') === '0' ? [] : [{ type: 'second_factor.removed', data: { userId, kind: 'ALL' } }]
  return [{ type: 'user.email_changed', data: { userId } }, ...removed, allEnded(userId, 'REVOKED')]
}

type Reason = Extract<WebhookEvent, { type: 'session.ended' }>['data']['reason']

function oneEnded(ended: { userId: string; sessionId: string; reason: Reason }): WebhookEvent {
  return { type: 'session.ended', data: { ...ended, scope: 'ONE', keptSessionId: null } }
}

function othersEnded(ended: { userId: string; keptSessionId: string; reason: Reason }): WebhookEvent {
  return { type: 'session.ended', data: { ...ended, scope: 'OTHERS', sessionId: null } }
}

function allEnded(userId: string, reason: Reason): WebhookEvent {
  return { type: 'session.ended', data: { userId, scope: 'ALL', sessionId: null, keptSessionId: null, reason } }
}

/** What webhooks tell of a change. */
export function eventsOf({ type, userId, details = {}, endedSessionIds = [] }: RecordedChange): WebhookEvent[] {
  const make = EVENTS_OF[type]
  if (!make || userId === null) return []
  return make({ userId, detail: (name) => String(details[name]), endedSessionIds })
}
