import { randomBytes } from 'node:crypto'
import { seal, unseal } from './sealing'
import { type Secrets, hmac } from './secrets'

const NEW_BYTES = 32

/** A new secret of 32 bytes. */
export function newWebhookSecret(): Buffer {
  return randomBytes(NEW_BYTES)
}

/** Seals a secret; the endpoint's id is authenticated with it, so that it opens in its own row only. */
export function sealWebhookSecret(secrets: Secrets, endpointId: string, secret: Buffer): Buffer<ArrayBuffer> {
  return seal(secrets.key('webhook-seal'), secret, endpointId)
}

/** Opens it under SECRET, or else under SECRET_PREVIOUS; `isOld` tells which. Null where neither opens it. */
export function unsealWebhookSecret(
  secrets: Secrets,
  endpointId: string,
  sealed: Uint8Array,
): { secret: Buffer; isOld: boolean } | null {
  for (const [age, key] of secrets.keys('webhook-seal').entries()) {
    const secret = unseal(key, sealed, endpointId)
    if (secret) return { secret, isOld: age > 0 }
  }
  return null
}

/** The header `webhook-signature` of Standard Webhooks: one signature for each secret. `timestamp` is in seconds. */
export function signWebhook(
  secrets: readonly Buffer[],
  { id, timestamp, body }: { id: string; timestamp: number; body: string },
): string {
  return secrets.map((secret) => `v1,${hmac(secret, `${id}.${timestamp}.${body}`).toString('base64')}`).join(' ')
}
