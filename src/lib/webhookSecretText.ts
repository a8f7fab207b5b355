const PREFIX = 'whsec_'
/** Standard Webhooks: 24 to 64 bytes. */
const MIN_BYTES = 24
const MAX_BYTES = 64

/** As receivers are given it: `whsec_` and base64. */
export function spellWebhookSecret(secret: Buffer): string {
  return PREFIX + secret.toString('base64')
}

/** The bytes of a secret in that spelling; null if it is none, or not 24 to 64 bytes long. */
export function parseWebhookSecret(text: string): Buffer | null {
  const secret = Buffer.from(text.slice(PREFIX.length), 'base64')
  const fits = secret.length >= MIN_BYTES && secret.length <= MAX_BYTES
  return fits && spellWebhookSecret(secret) === text ? secret : null
}
