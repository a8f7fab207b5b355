import type { SigningKey } from './signingKey'
import { ServiceUnavailableError } from '../errors/requestErrors'
import type { PublicJwk } from '../lib/jwk'

/** The signing keys that this instance knows: replaced as a whole whenever the stored ones change. */
export interface Keyring {
  replace(keys: readonly SigningKey[]): void
  /** The newest key whose time to sign has come. Throws a ServiceUnavailableError until keys have been loaded. */
  signingKey(now: Date): SigningKey
  /** The key that a token names, as long as it verifies. Throws a ServiceUnavailableError until keys have been loaded. */
  verificationKey(kid: string, now: Date): SigningKey | null
  /** The public keys, the next one among them: it stands here before it signs. */
  publicKeys(now: Date): PublicJwk[]
}

export function createKeyring(): Keyring {
  let ring = new Map<string, SigningKey>()
  const alive = (key: SigningKey, now: Date) => key.verifiesUntil === null || key.verifiesUntil > now
  return {
    replace(keys) {
      ring = new Map(keys.map((key) => [key.kid, key]))
    },
    signingKey(now) {
      const ready = [...ring.values()].filter((key) => key.signsFrom <= now && alive(key, now))
      const newest = ready.sort((a, b) => b.signsFrom.getTime() - a.signsFrom.getTime())[0]
      if (!newest) throw new ServiceUnavailableError('no signing key yet')
      return newest
    },
    verificationKey(kid, now) {
      if (ring.size === 0) throw new ServiceUnavailableError('no signing key yet')
      const key = ring.get(kid)
      return key && alive(key, now) ? key : null
    },
    publicKeys(now) {
      return [...ring.values()].filter((key) => alive(key, now)).map((key) => key.publicJwk)
    },
  }
}
