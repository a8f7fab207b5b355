import type { ServiceScope } from '../../lib/serviceScopes'

/** The scope that a service key needs for each field at the root; null: people only. A field without an entry stops the start. */
export const SCOPE_OF_FIELD: Readonly<Record<string, ServiceScope | null>> = {
  users: 'users:read',
  user: 'users:read',
  roles: 'users:read',
  auditEvents: 'audit:read',
  serviceKeys: null,
  createUser: 'users:write',
  disableUser: 'users:write',
  enableUser: 'users:write',
  deleteUser: 'users:write',
  markEmailVerified: 'users:write',
  sendPasswordReset: 'users:write',
  endSessions: 'sessions:end',
  removeSecondFactors: 'users:write',
  setRoles: 'users:write',
  setClaims: 'users:write',
  webhookEndpoints: 'webhooks:write',
  webhookDeliveries: 'webhooks:write',
  createWebhookEndpoint: 'webhooks:write',
  updateWebhookEndpoint: 'webhooks:write',
  rotateWebhookSecret: 'webhooks:write',
  deleteWebhookEndpoint: 'webhooks:write',
  sendTestEvent: 'webhooks:write',
  replayDeliveries: 'webhooks:write',
  // A key must not make keys, or one that leaked could not be revoked.
  createServiceKey: null,
  revokeServiceKey: null,
}
