import type { SigningKey } from './signingKey'
import { ServiceUnavailableError } from '../errors/requestErrors'
import type { PublicJwk } from '../lib/jwk'

/** The signing keys that this instance knows: replaced as a whole whenever the stored ones change. */
export interface Keyring {
  replace(keys: readonly SigningKey[]): void
  /** The newest key whose `signsFrom` has passed. Throws a ServiceUnavailableError until keys have been loaded. */
  signingKey(now: Date): SigningKey
  /** The key that a token names, as long as it verifies. Throws a ServiceUnavailableError until keys have been loaded. */
  verificationKey(kid: string, now: Date): SigningKey | null
  /** The public keys, including the next one: it is published before it signs. */
  publicKeys(now: Date): PublicJwk[]
}

export function createKeyring(): Keyring {
  let ring = new Map<string, SigningKey>()
  const verifies = (key: SigningKey, now: Date) => key.verifiesUntil === null || key.verifiesUntil > now
  return {
    replace(keys) {
      ring = new Map(keys.map((key) => [key.kid, key]))
    },
    signingKey(now) {
      const signing = [...ring.values()].filter((key) => key.signsFrom <= now && verifies(key, now))
      const newest = signing.sort((a, b) => b.signsFrom.getTime() - a.signsFrom.getTime())[0]
      if (!newest) throw new ServiceUnavailableError('no signing key yet')
      return newest
    },
    verificationKey(kid, now) {
      if (ring.size === 0) throw new ServiceUnavailableError('no signing key yet')
      const key = ring.get(kid)
      return key && verifies(key, now) ? key : null
    },
    publicKeys(now) {
      return [...ring.values()].filter((key) => verifies(key, now)).map((key) => key.publicJwk)
    },
  }
}
