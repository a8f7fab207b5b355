import { digest } from './opaqueToken'
import { seal, unseal } from './sealing'
import { type Secrets, hmac } from './secrets'

/**
 * Seals the successor of a refresh token. The key comes from SECRET and from the replaced token, of which only a digest is
 * stored: neither a dump of the database nor a dump together with SECRET opens it.
 */
export function sealSuccessor(secrets: Secrets, replaced: string, successor: string): Buffer<ArrayBuffer> {
  const key = hmac(secrets.key('refresh-successor-seal'), replaced)
  return seal(key, Buffer.from(successor), labelOf(replaced))
}

/** The successor that was sealed for a replaced token; null if it was sealed under a SECRET that is no longer configured. */
export function unsealSuccessor(secrets: Secrets, replaced: string, sealed: Uint8Array): string | null {
  for (const secret of secrets.keys('refresh-successor-seal')) {
    const successor = unseal(hmac(secret, replaced), sealed, labelOf(replaced))
    if (successor) return successor.toString()
  }
  return null
}

function labelOf(replaced: string): string {
  return digest(replaced).toString('hex')
}
