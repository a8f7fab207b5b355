import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const IV_BYTES = 12 // NIST SP 800-38D: the length that GCM uses without hashing it
const TAG_BYTES = 16

/** AES-256-GCM: nonce, tag, ciphertext. `label` is authenticated with it, so that a sealed value can be opened in its own row only. */
export function seal(key: Buffer, plaintext: Buffer, label: string): Buffer<ArrayBuffer> {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(label))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext])
}

/** The plaintext of a sealed value; null if the key or the label differs, or a byte was changed. */
export function unseal(key: Buffer, sealed: Uint8Array, label: string): Buffer | null {
  const bytes = Buffer.from(sealed)
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
  try {
    decipher.setAAD(Buffer.from(label)).setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
    return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()])
  } catch {
    return null
  }
}
