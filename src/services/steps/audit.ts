import type { Logger } from '../../ops/logger'
import { type AuditEvent, insertAuditEvent } from '../../store/auditEvents'
import type { ClientInfo, Deps } from '../deps'

/** An audit event as this client causes it. */
export function auditOf(
  { ipAddress, userAgent }: ClientInfo,
  { type, userId, details, now }: Pick<AuditEvent, 'type' | 'userId' | 'details' | 'now'>,
): AuditEvent {
  return { type, userId, now, ipAddress, userAgent, ...(details && { details }) }
}

/** Records what happened without a change, such as a failed login. Changes are recorded by `commit`. */
export async function recordEvent(
  { clock, database, logger }: Pick<Deps, 'clock' | 'database' | 'logger'>,
  client: ClientInfo,
  event: Pick<AuditEvent, 'type' | 'userId'>,
): Promise<void> {
  const recorded = auditOf(client, { ...event, now: clock.now() })
  await insertAuditEvent(database.prisma, recorded)
  logEvent(logger, recorded, client)
}

/** One line per event, after its transaction has committed. */
export function logEvent(logger: Logger, event: AuditEvent, { requestId }: ClientInfo): void {
  const { type, userId, ipAddress, userAgent, details } = event
  logger.info({ event: type, userId, ipAddress, userAgent, requestId, ...details }, type)
}
