import type { InputReader } from './inputReader'
import { WEBHOOK } from '../../config/webhookDefaults'
import { isWebhookEventName } from '../../lib/webhookEventNames'
import { webhookUrlMistake } from '../../lib/webhookUrl'
import { codePoints } from '../../passwords/passwordText'
import type { Deps } from '../deps'

/** What callers choose about an endpoint; without names in `events` it gets all events. */
export interface EndpointInput {
  url: string
  events: string[]
  include: string[]
  description: string
}

/** Refuses what no endpoint may have. Fields that are not given are not judged. */
export function judgeEndpoint(
  read: InputReader,
  { webhookPrivateHosts }: Pick<Deps['config'], 'webhookPrivateHosts'>,
  { url, events = [], include = [], description = '' }: Partial<EndpointInput>,
): void {
  if (url !== undefined && webhookUrlMistake(url, webhookPrivateHosts)) read.refuse('url', 'INVALID_FORMAT')
  if (!events.every(isWebhookEventName)) read.refuse('events', 'UNSUPPORTED')
  if (!include.every((name) => name === 'email')) read.refuse('include', 'UNSUPPORTED')
  if (codePoints(description) > WEBHOOK.maxDescription) read.refuse('description', 'TOO_LONG', WEBHOOK.maxDescription)
}
