import { refuseConfigured } from './configuredWebhook'
import type { Actor, Deps } from './deps'
import { type ChangeDeps, commit } from './steps/commit'
import { WEBHOOK } from '../config/webhookDefaults'
import { newWebhookSecret, sealWebhookSecret } from '../crypto/webhookSecret'
import { later } from '../lib/clock'
import { isUuid } from '../lib/uuid'
import { spellWebhookSecret } from '../lib/webhookSecretText'
import { rotateSecret } from '../store/webhookEndpoints'

/**
 * Gives an endpoint another secret, which is returned this once. Both sign for a day. Null without such an endpoint. Throws
 * InvalidInputError for that of WEBHOOK_URL.
 */
export async function rotateWebhookSecret(
  deps: ChangeDeps & Pick<Deps, 'secrets'>,
  actor: Actor,
  id: string,
): Promise<string | null> {
  refuseConfigured(id)
  if (!isUuid(id)) return null
  const secret = newWebhookSecret()
  const sealed = sealWebhookSecret(deps.secrets, id, secret)
  return commit(deps, actor, async (tx, now) => {
    const rotated = await rotateSecret(tx, id, { sealed, previousUntil: later(now, WEBHOOK.secretOverlap) })
    if (!rotated) return { result: null, event: null, invalidate: [] }
    const details = { endpointId: id }
    const event = { type: 'webhook_secret_rotated', userId: null, details } as const
    return { result: spellWebhookSecret(secret), event, invalidate: [] }
  })
}
