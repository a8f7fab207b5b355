import { z } from 'zod'
import { entriesOf, refuse } from './accepted'
import { WEBHOOK_EVENT_NAMES, isWebhookEventName } from '../lib/webhookEventNames'
import { parseWebhookSecret } from '../lib/webhookSecretText'

/** The secret of Standard Webhooks, which the receiver has too. */
export const webhookSecret = z
  .string()
  .refine(
    (text) => parseWebhookSecret(text) !== null,
    'whsec_ and base64 of 24 to 64 bytes, as `echo whsec_$(openssl rand -base64 32)` prints',
  )

export const webhookEvents = z.string().transform((text, context) => {
  const items = entriesOf(text)
  for (const item of items) {
    if (!isWebhookEventName(item)) refuse(context, `names of ${WEBHOOK_EVENT_NAMES.join(', ')}`, item)
  }
  return items
})

/** Hosts as they stand in a URL, without port: names, addresses, IPv6 in brackets. */
export const webhookHosts = z.string().transform((text, context) => {
  const items = entriesOf(text)
  for (const item of items) {
    const url = `http://${item}/`
    const isHost = URL.canParse(url) && new URL(url).host === item
    if (!isHost || item.includes('*') || /:\d+$/.test(item.replace(/\[.*\]/, ''))) {
      refuse(context, 'host names or addresses as in a URL, in lower case and without port', item)
    }
  }
  return items
})
