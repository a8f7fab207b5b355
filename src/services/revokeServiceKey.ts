import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { isUuid } from '../lib/uuid'
import { revokeServiceKey as revokeRow } from '../store/serviceKeys'

/** Revokes a service key: it is refused from now on, by every instance. False if there is none to revoke with that id. */
export async function revokeServiceKey(deps: ChangeDeps, actor: Actor, id: string): Promise<boolean> {
  if (!isUuid(id)) return false
  return commit(deps, actor, async (tx, now) => {
    const revoked = await revokeRow(tx, id, now)
    const details = { serviceKeyId: id }
    const event = revoked ? ({ type: 'service_key_revoked', userId: null, details } as const) : null
    return { result: revoked, event, invalidate: [] }
  })
}
