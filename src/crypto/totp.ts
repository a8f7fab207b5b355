import { createHmac, randomBytes } from 'node:crypto'

/** Digits of a code. Apps silently ignore other values of this, of the step in seconds, and of the bytes of a secret (RFC 4226 §4 asks for 20). */
export const TOTP_DIGITS = 6
const PERIOD = 30
const SECRET_BYTES = 20
/** Steps to either side that count: RFC 6238 §5.2 wants no more than one, for clocks and the time it takes to type. */
const WINDOW = [-1, 0, 1] as const
/** RFC 4648 §6. */
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export function newTotpSecret(): Buffer<ArrayBuffer> {
  return Buffer.from(randomBytes(SECRET_BYTES))
}

/** The code of one step: HMAC-SHA-1 and dynamic truncation (RFC 4226 §5.3). */
export function totpCode(secret: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac('sha1', secret).update(counter).digest()
  const offset = mac.readUInt8(mac.length - 1) & 0x0f
  const number = mac.readUInt32BE(offset) & 0x7fffffff
  return String(number % 10 ** TOTP_DIGITS).padStart(TOTP_DIGITS, '0')
}

/** The steps whose code this is, of those that count at `now`: usually one or none. */
export function stepsOfCode(secret: Uint8Array, code: string, now: Date): number[] {
  const present = Math.floor(now.getTime() / 1000 / PERIOD)
  return WINDOW.map((offset) => present + offset).filter((step) => totpCode(secret, step) === code)
}

/** Six ASCII digits, without the blanks and hyphens that apps show; null for anything else. */
export function readTotpCode(text: string): string | null {
  const code = text.replace(/[\s-]/g, '')
  return /^[0-9]{6}$/.test(code) ? code : null
}

export function toBase32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{1,5}/g) ?? []
  return groups.map((group) => BASE32.charAt(parseInt(group.padEnd(5, '0'), 2))).join('')
}

/**
 * The content of the QR code (Key Uri Format). It has the issuer twice, since apps read either; a colon in it would end the
 * issuer's part of the label.
 */
export function otpauthUri({
  secret,
  issuer,
  account,
}: {
  secret: Uint8Array
  issuer: string
  account: string
}): string {
  const name = encodeURIComponent(issuer.replaceAll(':', ''))
  const label = `${name}:${encodeURIComponent(account)}`
  const parameters = `secret=${toBase32(secret)}&issuer=${name}`
  return `otpauth://totp/${label}?${parameters}&algorithm=SHA1&digits=${TOTP_DIGITS}&period=${PERIOD}`
}
