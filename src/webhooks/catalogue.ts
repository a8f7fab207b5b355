import { z } from 'zod'
import type { WebhookEventName } from '../lib/webhookEventNames'

const id = z.uuid()

/** Data of an event about a user. */
function ofUser<Shape extends z.ZodRawShape>(shape: Shape) {
  const email = z.string().optional().meta({
    description: 'The current address: if the endpoint includes email, and the account still exists',
  })
  return z.strictObject({ userId: id, email, ...shape })
}

const SESSION_ENDED = {
  scope: z.enum(['ONE', 'OTHERS', 'ALL']).meta({
    description: 'ONE: the session of sessionId. OTHERS: all of the user but keptSessionId. ALL: all of the user',
  }),
  sessionId: id.nullable(),
  keptSessionId: id.nullable(),
  reason: z.enum([
    'LOGOUT',
    'REVOKED',
    'REPLACED',
    'PASSWORD_CHANGED',
    'PASSWORD_RESET',
    'REFRESH_TOKEN_REUSED',
    'DISABLED',
  ]),
}

/** Each type of event with the moment that it tells of, and the schema of its data: the one source of the published schemas. */
export const WEBHOOK_EVENTS = {
  'user.registered': { when: 'an address was verified for the first time', data: ofUser({}) },
  'user.updated': { when: 'the user changed display name, language or profile', data: ofUser({}) },
  'user.email_changed': { when: 'a new address was confirmed, or the former one restored', data: ofUser({}) },
  'user.password_changed': {
    when: 'the password was changed, or reset by mail',
    data: ofUser({ by: z.enum(['CHANGE', 'RESET']) }),
  },
  'user.deleted': { when: 'the account was deleted, with all its sessions', data: ofUser({}) },
  'user.disabled': { when: 'an operator disabled the account', data: ofUser({}) },
  'user.enabled': { when: 'an operator enabled the account again', data: ofUser({}) },
  'roles.changed': { when: 'an operator changed roles or claims', data: ofUser({}) },
  'session.created': { when: 'a login succeeded', data: ofUser({ sessionId: id }) },
  'session.ended': { when: 'sessions ended before their expiry', data: ofUser(SESSION_ENDED) },
  'second_factor.added': { when: 'an authenticator app was confirmed', data: ofUser({ kind: z.enum(['TOTP']) }) },
  'second_factor.removed': {
    when: 'an authenticator app was removed (TOTP); or all second factors with the passkeys, by an operator, or those that the undoing of a change of address removed (ALL)',
    data: ofUser({ kind: z.enum(['TOTP', 'ALL']) }),
  },
  'passkey.added': { when: 'a passkey was registered', data: ofUser({ passkeyId: id }) },
  'passkey.removed': { when: 'a passkey was removed', data: ofUser({ passkeyId: id }) },
  'security.refresh_token_reused': {
    when: 'a replaced refresh token was presented again: somebody has a copy; its session has ended',
    data: ofUser({ sessionId: id }),
  },
  'webhook.test': { when: 'an operator asked for a test', data: z.strictObject({}) },
} as const satisfies Record<WebhookEventName, { when: string; data: z.ZodType }>

/** An event of the catalogue, with data of its schema. */
export type WebhookEvent = {
  [Name in WebhookEventName]: { type: Name; data: z.infer<(typeof WEBHOOK_EVENTS)[Name]['data']> }
}[WebhookEventName]

/** A later release may add properties: a receiver that validates must not refuse them. */
function allowFurtherProperties({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  delete jsonSchema.additionalProperties
}

/** JSON Schema (draft 2020-12) of the body of each event, by type. */
export function webhookEventSchemas(): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(WEBHOOK_EVENTS).map(([type, { when, data }]) => {
      const body = z.strictObject({ type: z.literal(type), timestamp: z.iso.datetime(), data })
      return [type, { description: when, ...z.toJSONSchema(body, { override: allowFurtherProperties }) }]
    }),
  )
}
