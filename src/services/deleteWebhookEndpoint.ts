import { refuseConfigured } from './configuredWebhook'
import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { WEBHOOK } from '../config/webhookDefaults'
import { isUuid } from '../lib/uuid'
import { deleteSomeDeliveries } from '../store/webhookDeliveries'
import { deleteEndpoint } from '../store/webhookEndpoints'

/**
 * Deletes an endpoint with its deliveries, also those that wait. False without such an endpoint. Throws InvalidInputError for
 * that of WEBHOOK_URL.
 */
export async function deleteWebhookEndpoint(deps: ChangeDeps, actor: Actor, id: string): Promise<boolean> {
  refuseConfigured(id)
  if (!isUuid(id)) return false
  // In parts, each within the time of a statement: the endpoint goes with the few that were written meanwhile.
  const part = { endpointId: id, count: WEBHOOK.changedAtOnce }
  while ((await deleteSomeDeliveries(deps.database.prisma, part)) === part.count);
  return commit(deps, actor, async (tx) => {
    const deleted = await deleteEndpoint(tx, id)
    const details = { endpointId: id }
    const event = deleted ? ({ type: 'webhook_endpoint_deleted', userId: null, details } as const) : null
    return { result: deleted, event, invalidate: [] }
  })
}
