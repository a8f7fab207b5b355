import type { Deps } from './deps'
import { WEBHOOK } from '../config/defaults'
import { newWebhookSecret, sealWebhookSecret } from '../crypto/webhookSecret'
import { later } from '../lib/clock'
import { spellWebhookSecret } from '../lib/webhookSecretText'
import { rotateSecret } from '../store/webhookEndpoints'

/** Gives an endpoint another secret, which is returned this once. Both sign for a day. Null without such an endpoint. */
export async function rotateWebhookSecret(
  { clock, database, secrets }: Pick<Deps, 'clock' | 'database' | 'secrets'>,
  id: string,
): Promise<string | null> {
  const secret = newWebhookSecret()
  const sealed = sealWebhookSecret(secrets, id, secret)
  const previousUntil = later(clock.now(), WEBHOOK.secretOverlap)
  return (await rotateSecret(database.prisma, id, { sealed, previousUntil })) ? spellWebhookSecret(secret) : null
}
