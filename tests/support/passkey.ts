import { type KeyObject, createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** What a test may do wrong, on purpose. */
export interface Tampering {
  origin?: string
  rpId?: string
  /** Without user verification, as of a security key that only notices a touch. */
  unverified?: boolean
  counter?: number
  userHandle?: string
  /** Changes one byte of the signature. */
  brokenSignature?: boolean
  type?: string
}

/** A software authenticator of P-256 that holds one credential: it answers as WebAuthn Level 3 §6.3 says. */
export class SoftwarePasskey {
  readonly id = randomBytes(32)
  private readonly privateKey: KeyObject
  private readonly publicKey: KeyObject
  private counter = 0
  private userHandle = ''

  constructor(private readonly origin: string) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.privateKey = privateKey
    this.publicKey = publicKey
  }

  get credentialId(): string {
    return this.id.toString('base64url')
  }

  /** The answer to `navigator.credentials.create`. */
  create(options: Record<string, unknown>, wrong: Tampering = {}): Record<string, unknown> {
    const { challenge, user, rp } = options as { challenge: string; user: { id: string }; rp: { id: string } }
    this.userHandle = user.id
    const authData = this.authenticatorData({ rpId: rp.id, ...wrong }, true)
    const attestationObject = Buffer.concat([
      Buffer.from('a363666d74646e6f6e656761747453746d74a068617574684461746159', 'hex'),
      uint16(authData.length),
      authData,
    ])
    const clientDataJSON = this.clientData('webauthn.create', challenge, wrong)
    return {
      ...this.envelope(),
      response: {
        clientDataJSON: clientDataJSON.toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal'],
      },
    }
  }

  /** The answer to `navigator.credentials.get`. */
  get(options: Record<string, unknown>, wrong: Tampering = {}): Record<string, unknown> {
    const { challenge, rpId } = options as { challenge: string; rpId: string }
    this.counter = wrong.counter ?? this.counter + 1
    const authData = this.authenticatorData({ rpId, ...wrong }, false)
    const clientDataJSON = this.clientData('webauthn.get', challenge, wrong)
    const signed = Buffer.concat([authData, createHash('sha256').update(clientDataJSON).digest()])
    const signature = sign('sha256', signed, this.privateKey)
    if (wrong.brokenSignature) signature.writeUInt8(signature.readUInt8(signature.length - 1) ^ 1, signature.length - 1)
    return {
      ...this.envelope(),
      response: {
        clientDataJSON: clientDataJSON.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: signature.toString('base64url'),
        userHandle: wrong.userHandle ?? this.userHandle,
      },
    }
  }

  private envelope() {
    const id = this.credentialId
    return { id, rawId: id, type: 'public-key', clientExtensionResults: {}, authenticatorAttachment: 'platform' }
  }

  private clientData(type: string, challenge: string, wrong: Tampering): Buffer {
    const origin = wrong.origin ?? this.origin
    return Buffer.from(JSON.stringify({ type: wrong.type ?? type, challenge, origin, crossOrigin: false }))
  }

  /** §6.1: hash of the RP id, flags, counter, and with a new credential its id and key. */
  private authenticatorData({ rpId, unverified = false }: { rpId: string; unverified?: boolean }, attested: boolean) {
    const [present, verified, withCredential] = [0x01, 0x04, 0x40]
    const flags = present | (unverified ? 0 : verified) | (attested ? withCredential : 0)
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(this.counter)
    const head = [createHash('sha256').update(rpId).digest(), Buffer.from([flags]), counter]
    if (!attested) return Buffer.concat(head)
    return Buffer.concat([...head, Buffer.alloc(16), uint16(this.id.length), this.id, this.coseKey()])
  }

  /** COSE_Key (RFC 9053 §7.1.1): kty 2, alg -7, crv 1, x, y. */
  private coseKey(): Buffer {
    const { x = '', y = '' } = this.publicKey.export({ format: 'jwk' })
    return Buffer.concat([
      Buffer.from('a5010203262001215820', 'hex'),
      Buffer.from(x, 'base64url'),
      Buffer.from('225820', 'hex'),
      Buffer.from(y, 'base64url'),
    ])
  }
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return bytes
}
