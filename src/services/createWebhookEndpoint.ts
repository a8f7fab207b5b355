import { v7 as uuidv7 } from 'uuid'
import type { Actor, Deps, WebhookEndpoint } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { InputReader } from './steps/inputReader'
import { type EndpointInput, judgeEndpoint } from './steps/webhookEndpointRules'
import { WEBHOOK } from '../config/webhookDefaults'
import { newWebhookSecret, sealWebhookSecret } from '../crypto/webhookSecret'
import { spellWebhookSecret } from '../lib/webhookSecretText'
import { insertEndpoint, listEndpoints, lockEndpointCount } from '../store/webhookEndpoints'

/**
 * Creates an endpoint of webhooks. The secret is returned this once. Throws InvalidInputError, also where there are
 * WEBHOOK.maxEndpoints already.
 */
export async function createWebhookEndpoint(
  deps: ChangeDeps & Pick<Deps, 'secrets'> & { config: Pick<Deps['config'], 'webhookPrivateHosts'> },
  actor: Actor,
  input: EndpointInput,
): Promise<{ endpoint: WebhookEndpoint; secret: string }> {
  const read = new InputReader()
  judgeEndpoint(read, deps.config, input)
  read.done()

  const id = uuidv7()
  const secret = newWebhookSecret()
  const secretSealed = sealWebhookSecret(deps.secrets, id, secret)
  const endpoint = await commit(deps, actor, async (tx, createdAt) => {
    await lockEndpointCount(tx)
    if ((await listEndpoints(tx)).length >= WEBHOOK.maxEndpoints) read.refuse('url', 'UNSUPPORTED')
    read.done()
    const created = await insertEndpoint(tx, { id, ...input, secretSealed, createdAt })
    const details = { endpointId: id }
    return { result: created, event: { type: 'webhook_endpoint_created', userId: null, details }, invalidate: [] }
  })
  return { endpoint, secret: spellWebhookSecret(secret) }
}
