import { v7 as uuidv7 } from 'uuid'
import type { Deps } from './deps'
import { InputReader } from './steps/inputReader'
import { WEBHOOK } from '../config/defaults'
import { newWebhookSecret, sealWebhookSecret } from '../crypto/webhookSecret'
import { isWebhookEventName } from '../lib/webhookEventNames'
import { spellWebhookSecret } from '../lib/webhookSecretText'
import { webhookUrlMistake } from '../lib/webhookUrl'
import { codePoints } from '../passwords/passwordText'
import { insertEndpoint, listEndpoints } from '../store/webhookEndpoints'

/** Code points of a description: a label in a list. */
const MAX_DESCRIPTION = 200

/**
 * Creates an endpoint of webhooks; without names in `events` it gets all. The secret is returned this once. Throws
 * InvalidInputError, also where there are WEBHOOK.maxEndpoints already.
 */
export async function createWebhookEndpoint(
  {
    config,
    clock,
    database,
    secrets,
  }: Pick<Deps, 'clock' | 'database' | 'secrets'> & {
    config: Pick<Deps['config'], 'webhookPrivateHosts'>
  },
  input: { url: string; events: string[]; include: string[]; description: string },
): Promise<{ id: string; secret: string }> {
  const read = new InputReader()
  if (webhookUrlMistake(input.url, config.webhookPrivateHosts)) read.refuse('url', 'INVALID_FORMAT')
  if (!input.events.every(isWebhookEventName)) read.refuse('events', 'UNSUPPORTED')
  if (!input.include.every((name) => name === 'email')) read.refuse('include', 'UNSUPPORTED')
  if (codePoints(input.description) > MAX_DESCRIPTION) read.refuse('description', 'TOO_LONG', MAX_DESCRIPTION)
  if ((await listEndpoints(database.prisma)).length >= WEBHOOK.maxEndpoints) read.refuse('url', 'UNSUPPORTED')
  read.done()

  const id = uuidv7()
  const secret = newWebhookSecret()
  const secretSealed = sealWebhookSecret(secrets, id, secret)
  await insertEndpoint(database.prisma, { id, ...input, secretSealed, createdAt: clock.now() })
  return { id, secret: spellWebhookSecret(secret) }
}
