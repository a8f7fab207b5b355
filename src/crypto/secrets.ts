import { createHmac, hkdfSync } from 'node:crypto'

/** The uses of the keys that are derived from SECRET: a key of its own for each. */
export const KEY_PURPOSES = [
  'signing-key-seal',
  'mail-token',
  'refresh-successor-seal',
  'totp-seal',
  'webhook-seal',
  'challenge-code',
  'budget-key',
  'login-failures',
  'inflight-key',
] as const
export type KeyPurpose = (typeof KEY_PURPOSES)[number]

/** Keys derived from SECRET, and from SECRET_PREVIOUS while SECRET is being replaced. */
export interface Secrets {
  /** The key for one purpose, 32 bytes. */
  key(purpose: KeyPurpose): Buffer
  /** The keys from SECRET and then SECRET_PREVIOUS, to open or verify what was made under either. */
  keys(purpose: KeyPurpose): readonly [Buffer, ...Buffer[]]
}

/** HKDF-SHA-256 (RFC 5869) over the configured secrets, each of 32 bytes or more. */
export function deriveSecrets(secret: string, previous: string | null): Secrets {
  const rings = new Map<KeyPurpose, readonly [Buffer, ...Buffer[]]>(
    KEY_PURPOSES.map((purpose) => {
      const older = previous === null ? [] : [derive(previous, purpose)]
      return [purpose, [derive(secret, purpose), ...older]]
    }),
  )
  const ring = (purpose: KeyPurpose): readonly [Buffer, ...Buffer[]] => {
    const keys = rings.get(purpose)
    if (!keys) throw new Error(`No key for ${purpose}`)
    return keys
  }
  return { key: (purpose) => ring(purpose)[0], keys: ring }
}

function derive(secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, 'gatehouse', purpose, 32))
}

/** HMAC-SHA-256 of `text` under `key`: 32 bytes. */
export function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
