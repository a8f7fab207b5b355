import type { Logger } from '../../ops/logger'
import type { AuditEvent } from '../../store/auditEvents'
import type { ClientInfo } from '../deps'

/** An audit event as this client causes it. */
export function auditOf(
  { ipAddress, userAgent }: ClientInfo,
  event: Omit<AuditEvent, 'ipAddress' | 'userAgent'>,
): AuditEvent {
  return { ...event, ipAddress, userAgent }
}

/** One line per event, after its transaction has committed. */
export function logEvent(logger: Logger, event: AuditEvent, { requestId }: ClientInfo): void {
  const { type, userId, ipAddress, userAgent, details } = event
  logger.info({ event: type, userId, ipAddress, userAgent, requestId, ...details }, type)
}
