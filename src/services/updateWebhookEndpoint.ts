import { CONFIGURED_ENDPOINT_ID } from './configuredWebhook'
import type { Actor, Deps, WebhookEndpoint } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { type EndpointInput, judgeEndpoint } from './steps/webhookEndpointRules'
import { isUuid } from '../lib/uuid'
import { ENABLED, findEndpoint, updateEndpoint } from '../store/webhookEndpoints'

/**
 * Changes what is given of an endpoint. `enabled: true` ends a time of failures and sends what waited; `false` stops the
 * endpoint: nothing is written for it then. Resolves to null without such an endpoint. Throws InvalidInputError, also for what
 * the environment says of the endpoint of WEBHOOK_URL.
 */
export async function updateWebhookEndpoint(
  deps: ChangeDeps & { config: Pick<Deps['config'], 'webhookPrivateHosts'> },
  actor: Actor,
  { id, enabled, ...change }: { id: string; enabled?: boolean } & Partial<EndpointInput>,
): Promise<WebhookEndpoint | null> {
  const fields = Object.keys(change)
  const read = new InputReader()
  if (id === CONFIGURED_ENDPOINT_ID) for (const field of fields) read.refuse(field, 'UNSUPPORTED')
  judgeEndpoint(read, deps.config, change)
  read.done()
  if (!isUuid(id)) return null

  return commit(deps, actor, async (tx, now) => {
    // Its URL and secret are of an earlier start: only WEBHOOK_URL brings it back.
    if (enabled === true && (await findEndpoint(tx, id))?.disabledReason === 'NOT_CONFIGURED')
      read.refuse('enabled', 'UNSUPPORTED')
    read.done()
    const updated = await updateEndpoint(tx, id, {
      ...change,
      ...(enabled === true && ENABLED),
      ...(enabled === false && { disabledAt: now, disabledReason: 'OPERATOR' }),
    })
    if (!updated) return { result: null, event: null, invalidate: [] }
    const changed = [...fields, ...(enabled === undefined ? [] : [enabled ? 'enabled' : 'disabled'])].join(' ')
    const details = { endpointId: id, changed }
    return { result: updated, event: { type: 'webhook_endpoint_changed', userId: null, details }, invalidate: [] }
  })
}
