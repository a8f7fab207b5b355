import { refuseConfigured } from './configuredWebhook'
import type { Actor } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { isUuid } from '../lib/uuid'
import { deleteEndpoint } from '../store/webhookEndpoints'

/**
 * Deletes an endpoint with its deliveries, also those that wait. False without such an endpoint. Throws InvalidInputError for
 * that of WEBHOOK_URL.
 */
export async function deleteWebhookEndpoint(deps: ChangeDeps, actor: Actor, id: string): Promise<boolean> {
  refuseConfigured(id)
  if (!isUuid(id)) return false
  return commit(deps, actor, async (tx) => {
    const deleted = await deleteEndpoint(tx, id)
    const details = { endpointId: id }
    const event = deleted ? ({ type: 'webhook_endpoint_deleted', userId: null, details } as const) : null
    return { result: deleted, event, invalidate: [] }
  })
}
