import type { Actor, Deps } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { OPERATOR } from '../config/operatorDefaults'
import { InvalidInputError, RateLimitedError } from '../errors/userErrors'
import { isUuid } from '../lib/uuid'
import { queueTestEvent } from '../store/webhookDeliveries'
import { findEndpoint } from '../store/webhookEndpoints'

/**
 * Queues a `webhook.test` for an endpoint, whatever events it wants. Resolves to the id of the delivery; null without such an
 * endpoint. Throws InvalidInputError for a disabled one, RateLimitedError beyond OPERATOR.testEventsPerMinute.
 */
export async function sendTestEvent(
  deps: ChangeDeps & Pick<Deps, 'limiter'>,
  actor: Actor,
  endpointId: string,
): Promise<string | null> {
  const endpoint = isUuid(endpointId) ? await findEndpoint(deps.database.prisma, endpointId) : null
  if (!endpoint) return null
  if (endpoint.disabledAt) throw new InvalidInputError([{ field: 'endpointId', code: 'UNSUPPORTED' }])
  const budget = { name: 'webhook-test', max: OPERATOR.testEventsPerMinute, window: 60_000 }
  const wait = await deps.limiter.consume([{ budget, subject: endpointId }], actor.log)
  if (wait > 0) throw new RateLimitedError(wait)

  return commit(deps, actor, async (tx, now) => {
    const deliveryId = await queueTestEvent(tx, endpointId, now)
    const details = { endpointId, deliveryId }
    return { result: deliveryId, event: { type: 'webhook_test_queued', userId: null, details }, invalidate: [] }
  })
}
