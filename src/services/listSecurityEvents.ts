import type { Deps, SecurityEvent } from './deps'
import type { PageStart } from '../lib/pageCursor'
import type { AuditEventType } from '../lib/auditEventTypes'
import { listEventsOfUser } from '../store/auditEvents'

/** The audit events that their owner may read. Every other one, also of a later release, is hidden from them. */
export const SECURITY_EVENTS = [
  'registration_requested',
  'email_verified',
  'login_succeeded',
  'login_rejected',
  'login_failed',
  'second_factor_required',
  'second_factor_failed',
  'second_factor_added',
  'second_factor_removed',
  'passkey_added',
  'passkey_renamed',
  'passkey_removed',
  'passkey_cloned',
  'recovery_code_used',
  'recovery_codes_renewed',
  'stepped_up',
  'refresh_token_reused',
  'session_revoked',
  'other_sessions_revoked',
  'logged_out',
  'password_reset',
  'password_changed',
  'password_check_failed',
  'profile_updated',
  'email_change_requested',
  'email_change_cancelled',
  'email_changed',
  'email_change_undone',
  'account_exported',
  'user_disabled',
  'user_enabled',
  'user_sessions_ended',
  'second_factor_removal_planned',
  'second_factor_removal_cancelled',
  'second_factors_removed',
  'roles_changed',
] as const satisfies readonly AuditEventType[]

/** One page of what happened to an account, the newest first. */
export function listSecurityEvents(
  { database }: Pick<Deps, 'database'>,
  userId: string,
  page: { first: number; after: PageStart | null },
): Promise<SecurityEvent[]> {
  return listEventsOfUser(database.prisma, { userId, types: SECURITY_EVENTS }, page)
}
