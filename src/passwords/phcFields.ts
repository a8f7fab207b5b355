/** A whole number without sign, of at most nine digits. */
export function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : undefined
}

/** The parameters of a PHC string, as in `m=65536,t=2,p=1`. */
export function parametersOf(text: string): Map<string, string | undefined> {
  return new Map(
    text.split(',').map((part) => {
      const at = part.indexOf('=')
      return at === -1 ? [part, undefined] : [part.slice(0, at), part.slice(at + 1)]
    }),
  )
}

/** Base64 without its padding, as PHC strings have it. */
export function unpadded(base64: string): string {
  return base64.replace(/={1,2}$/, '')
}

export function unpaddedBase64(bytes: Uint8Array): string {
  return unpadded(Buffer.from(bytes).toString('base64'))
}

/** Whether the text is base64 without padding, of a number of bytes between the two. */
export function hasBytes(base64: string, { min, max }: { min: number; max: number }): boolean {
  const length = Math.floor((base64.length * 3) / 4)
  return /^[A-Za-z0-9+/]*$/.test(base64) && base64.length % 4 !== 1 && length >= min && length <= max
}

/** The bytes of base64, padded or not; null if it is malformed or has another number of bytes. */
export function bytesOf(base64: string, limits: { min: number; max: number }): Buffer | null {
  const text = unpadded(base64)
  return hasBytes(text, limits) ? Buffer.from(text, 'base64') : null
}
