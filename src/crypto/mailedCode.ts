import { timingSafeEqual } from 'node:crypto'
import { MAILED_CODE } from '../config/defaults'
import { type Secrets, hmac } from './secrets'

const DIGITS = MAILED_CODE.digits

/** The code of a challenge, derived from its id: so the outbox contains no code, and a retried mail has the same one. */
export function mailedCode(secrets: Secrets, challengeId: string): string {
  const number = hmac(secrets.key('challenge-code'), challengeId).readBigUInt64BE() % 10n ** BigInt(DIGITS)
  return String(number).padStart(DIGITS, '0')
}

/** What is stored once a code is mailed: keyed, since a plain digest of eight digits is undone within minutes. */
export function mailedCodeDigest(secrets: Secrets, challengeId: string, code: string): Buffer<ArrayBuffer> {
  return digestUnder(secrets.key('challenge-code'), challengeId, code)
}

/** Whether a code is the one that was mailed. `stored` is null until then: a code that nobody was sent must not count. */
export function isMailedCode(
  secrets: Secrets,
  { id, stored }: { id: string; stored: Uint8Array | null },
  code: string,
): boolean {
  return secrets.keys('challenge-code').some((key) => {
    const digest = digestUnder(key, id, code)
    return timingSafeEqual(digest, stored?.length === digest.length ? stored : Buffer.alloc(digest.length))
  })
}

function digestUnder(key: Buffer, challengeId: string, code: string): Buffer<ArrayBuffer> {
  return Buffer.from(hmac(key, `${challengeId}:${code}`))
}

/** Eight ASCII digits, without blanks and hyphens; null for anything else. */
export function readMailedCode(text: string): string | null {
  const code = text.replace(/[\s-]/g, '')
  return /^[0-9]{8}$/.test(code) ? code : null
}

/** As people read it: in two groups of four. */
export function spellMailedCode(code: string): string {
  return `${code.slice(0, 4)} ${code.slice(4)}`
}
