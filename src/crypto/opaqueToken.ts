import { createHash, randomBytes } from 'node:crypto'
import { type Secrets, hmac } from './secrets'

/** 256 bits in base64url: 43 characters. */
const SHAPE = /^[A-Za-z0-9_-]{43}$/

export type MailTokenPurpose = 'VERIFY_EMAIL' | 'RESET_PASSWORD' | 'CHANGE_EMAIL'

/** A token of 256 random bits; only its digest is stored. */
export function newOpaqueToken(): string {
  return randomBytes(32).toString('base64url')
}

/** SHA-256 of a token, as it is stored: enough for 256 random bits, where passwords need a slow hash. */
export function digest(token: string): Buffer<ArrayBuffer> {
  return createHash('sha256').update(token).digest()
}

/** Whether a text has the form of our tokens: anything else is rejected without a look-up. */
export function isOpaqueToken(text: string): boolean {
  return SHAPE.test(text)
}

/** What the token of a mailed link is for. Links against an intruder are stored apart: a new password does not invalidate them. */
export type LinkPurpose = MailTokenPurpose | 'UNDO_EMAIL_CHANGE' | 'REJECT_LOGIN'

/**
 * The token of a mailed link, derived from its row: so the outbox contains no usable link, and a retry sends the same one. One
 * for each secret, that of SECRET first.
 */
export function mailTokens(secrets: Secrets, purpose: LinkPurpose, rowId: string): [string, ...string[]] {
  const [present, ...older] = secrets.keys('mail-token')
  const derived = (key: Buffer) => hmac(key, `${purpose}:${rowId}`).toString('base64url')
  return [derived(present), ...older.map(derived)]
}
