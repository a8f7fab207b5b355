import type { Deps } from './deps'
import { WEBHOOK } from '../config/webhookDefaults'
import { sealWebhookSecret, unsealWebhookSecret } from '../crypto/webhookSecret'
import { InvalidInputError } from '../errors/userErrors'
import { later } from '../lib/clock'
import { parseWebhookSecret } from '../lib/webhookSecretText'
import { findEndpoint, hasEndpoint, putEndpoint, updateEndpoint } from '../store/webhookEndpoints'

/** The endpoint of WEBHOOK_URL: one row, whatever its address. */
export const CONFIGURED_ENDPOINT_ID = '00000000-0000-7000-8000-000000000001'

/** Throws InvalidInputError for the id of the endpoint of WEBHOOK_URL: the next start would undo the change. */
export function refuseConfigured(id: string): void {
  if (id === CONFIGURED_ENDPOINT_ID) throw new InvalidInputError([{ field: 'endpointId', code: 'UNSUPPORTED' }])
}

/**
 * Stores the endpoint of WEBHOOK_URL, or disables it once the variable is gone; the last instance to start decides. If nothing
 * changed, nothing is written, so an endpoint that was disabled stays so after a restart.
 */
export async function syncConfiguredWebhook({
  config,
  clock,
  database,
  secrets,
}: Pick<Deps, 'clock' | 'database' | 'secrets'> & {
  config: Pick<Deps['config'], 'webhookUrl' | 'webhookSecret' | 'webhookEvents'>
}): Promise<void> {
  const id = CONFIGURED_ENDPOINT_ID
  const { webhookUrl: url, webhookEvents: events } = config
  const secret = parseWebhookSecret(config.webhookSecret ?? '')
  if (url === null || !secret) {
    const disabled = { disabledAt: clock.now(), disabledReason: 'NOT_CONFIGURED' } as const
    if (await hasEndpoint(database.pool, id)) await updateEndpoint(database.prisma, id, disabled)
    return
  }
  const stored = await findEndpoint(database.prisma, id)
  const current = stored && unsealWebhookSecret(secrets, id, stored.secretSealed)
  const isSameSecret = current?.secret.equals(secret) === true
  const isSame = stored?.url === url && stored.events.join() === events.join() && isSameSecret
  if (isSame && stored.disabledReason !== 'NOT_CONFIGURED') return
  const secretSealed = sealWebhookSecret(secrets, id, secret)
  const now = clock.now()
  const endpoint = { id, url, events, include: [], description: 'WEBHOOK_URL', secretSealed, createdAt: now }
  const isRotated = stored !== null && current !== null && !isSameSecret
  const previous = isRotated ? { sealed: stored.secretSealed, until: later(now, WEBHOOK.secretOverlap) } : null
  await putEndpoint(database.prisma, endpoint, previous)
}
