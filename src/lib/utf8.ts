import { TextDecoder } from 'node:util'

const decoder = new TextDecoder('utf-8', { fatal: true })

/** Null for bytes that are not UTF-8: U+FFFD in their place would make different texts equal. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes)
  } catch {
    return null
  }
}
