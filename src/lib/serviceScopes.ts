/** What a service key may be allowed to do, and what each scope opens. */
export const SERVICE_SCOPES = {
  'users:read': 'reads accounts and roles',
  'users:write': 'creates, changes, disables and deletes accounts',
  'sessions:end': 'ends sessions',
  'audit:read': 'reads the audit',
  'webhooks:write': 'manages the endpoints of webhooks, and reads their deliveries',
  'client:forward': 'names the addresses of the users for whom it calls',
  introspect: 'asks whether an access token is valid (`/oauth/introspect`)',
} as const

export type ServiceScope = keyof typeof SERVICE_SCOPES

export function isServiceScope(text: string): text is ServiceScope {
  return Object.hasOwn(SERVICE_SCOPES, text)
}
