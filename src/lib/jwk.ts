/** A public signing key as RFC 7517 writes it. */
export interface PublicJwk {
  kty: 'EC'
  crv: 'P-256'
  x: string
  y: string
  kid: string
  alg: 'ES256'
  use: 'sig'
}

/** A signing key as it is stored: the private half sealed under a key from SECRET. */
export interface StoredKey {
  kid: string
  publicJwk: PublicJwk
  privateKeySealed: Uint8Array<ArrayBuffer>
  signsFrom: Date
  /** Null while it signs or waits to sign. */
  verifiesUntil: Date | null
}
