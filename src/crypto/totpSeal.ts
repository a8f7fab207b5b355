import { seal, unseal } from './sealing'
import type { Secrets } from './secrets'

/** Seals the secret of a factor; the factor's id is authenticated with it, so that it opens in its own row only. */
export function sealTotpSecret(secrets: Secrets, factorId: string, secret: Buffer): Buffer<ArrayBuffer> {
  return seal(secrets.key('totp-seal'), secret, factorId)
}

/**
 * Opens it under SECRET, or else under SECRET_PREVIOUS; `resealed` is then what to store instead. Null where neither opens
 * it: the secret it was sealed under is lost.
 */
export function unsealTotpSecret(
  secrets: Secrets,
  factorId: string,
  sealed: Uint8Array,
): { secret: Buffer; resealed: Buffer<ArrayBuffer> | null } | null {
  for (const [age, key] of secrets.keys('totp-seal').entries()) {
    const secret = unseal(key, sealed, factorId)
    if (secret) return { secret, resealed: age === 0 ? null : sealTotpSecret(secrets, factorId, secret) }
  }
  return null
}
