import type { RequestLog } from '../../ops/logger'
import { type AuditEvent, insertAuditEvent } from '../../store/auditEvents'
import type { Actor, Deps } from '../deps'

/** An audit event with the actor's address and user agent. */
export function auditOf(
  { ipAddress, userAgent, kind, id, requestId }: Omit<Actor, 'log'>,
  { type, userId, details, now }: Pick<AuditEvent, 'type' | 'userId' | 'details' | 'now'>,
): AuditEvent {
  const by: Pick<AuditEvent, 'ipAddress' | 'userAgent' | 'actorKind' | 'actorId' | 'requestId'> = {
    ipAddress,
    userAgent,
    actorKind: kind ?? 'user',
    actorId: id ?? null,
    requestId: requestId ?? null,
  }
  return { type, userId, now, ...by, ...(details && { details }) }
}

/** Records an event that changes nothing, such as a failed login. `commit` records changes. */
export async function recordEvent(
  { clock, database }: Pick<Deps, 'clock' | 'database'>,
  client: Actor,
  event: Pick<AuditEvent, 'type' | 'userId'>,
): Promise<void> {
  const recorded = auditOf(client, { ...event, now: clock.now() })
  await insertAuditEvent(database.prisma, recorded)
  logEvent(client.log, recorded)
}

/** One line per event, after its transaction has committed. */
export function logEvent(log: RequestLog, event: AuditEvent): void {
  const { type, userId, ipAddress, userAgent, details } = event
  log.info({ event: type, userId, ipAddress, userAgent, ...details }, type)
}
