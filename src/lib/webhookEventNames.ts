/** The types of events that webhooks tell of. Their schemas are in webhooks/catalogue.ts. */
export const WEBHOOK_EVENT_NAMES = [
  'user.registered',
  'user.updated',
  'user.email_changed',
  'user.password_changed',
  'user.deleted',
  'user.disabled',
  'user.enabled',
  'roles.changed',
  'session.created',
  'session.ended',
  'second_factor.added',
  'second_factor.removed',
  'passkey.added',
  'passkey.removed',
  'security.refresh_token_reused',
  'webhook.test',
] as const
export type WebhookEventName = (typeof WEBHOOK_EVENT_NAMES)[number]

export function isWebhookEventName(text: string): text is WebhookEventName {
  return (WEBHOOK_EVENT_NAMES as readonly string[]).includes(text)
}
