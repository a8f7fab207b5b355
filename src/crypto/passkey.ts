import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { PASSKEY } from '../config/defaults'
import { ANY_LOCALHOST_ORIGIN } from '../config/values'

/** COSE algorithms, the preferred one first: Ed25519, ECDSA with P-256, RSA with SHA-256. */
const ALGORITHMS = [-8, -7, -257] as const

/** This service as authenticators know it. */
export interface RelyingParty {
  /** A domain: the passkeys are bound to it. */
  id: string
  name: string
  /** Where its pages and apps are: exact origins. */
  origins: readonly string[]
}

/** What is stored of a new credential. */
export interface Credential {
  credentialId: Uint8Array<ArrayBuffer>
  publicKey: Uint8Array<ArrayBuffer>
  signCount: number
  transports: string[]
  aaguid: string | null
  /** Synced by a password manager, or able to be. */
  backupEligible: boolean
  backedUp: boolean
}

/** What a login response says of a credential. */
export interface Assertion {
  signCount: number
  backedUp: boolean
}

/** The library takes half a second to load, so it is loaded when the first passkey is used. */
const library = () => import('@simplewebauthn/server')

/**
 * The options of `navigator.credentials.create` (WebAuthn L3 §5.4), as JSON. The user handle is the account's id in 16 bytes:
 * it must tell nothing of the person (§14.6.1). `challenge` is base64url.
 */
export function creationOptions(
  party: RelyingParty,
  { challenge, user, existing }: { challenge: string; user: PasskeyUser; existing: readonly Described[] },
): Record<string, unknown> {
  return {
    rp: { id: party.id, name: party.name },
    user: { id: userHandleOf(user.id), name: user.email, displayName: user.displayName ?? user.email },
    challenge,
    pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    timeout: PASSKEY.challengeLife,
    excludeCredentials: existing.map(descriptor),
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    attestation: 'none',
    extensions: { credProps: true },
  }
}

interface PasskeyUser {
  id: string
  email: string
  displayName: string | null
}

type Described = Pick<Credential, 'credentialId' | 'transports'>

/** The options of `navigator.credentials.get` (§5.5), as JSON. An empty list lets the user choose among all passkeys. */
export function requestOptions(
  party: Pick<RelyingParty, 'id'>,
  { challenge, allowed }: { challenge: string; allowed: readonly Described[] },
): Record<string, unknown> {
  return {
    challenge,
    rpId: party.id,
    allowCredentials: allowed.map(descriptor),
    timeout: PASSKEY.challengeLife,
    userVerification: 'required',
  }
}

function descriptor({ credentialId, transports }: Described): Record<string, unknown> {
  return { type: 'public-key', id: Buffer.from(credentialId).toString('base64url'), transports }
}

/** The user handle of an account: its UUID as bytes, in base64url. */
export function userHandleOf(userId: string): string {
  return Buffer.from(userId.replaceAll('-', ''), 'hex').toString('base64url')
}

/** Verifies a registration (§7.1). Throws if anything about it is wrong; the message may contain what the client sent. */
export async function verifyRegistration(
  party: RelyingParty,
  { challenge, response }: { challenge: string; response: object },
): Promise<Credential> {
  const { verifyRegistrationResponse } = await library()
  const { registrationInfo } = verified(
    await verifyRegistrationResponse({
      response: response as RegistrationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: originsFor(party, response),
      expectedRPID: party.id,
      requireUserVerification: true,
      supportedAlgorithmIDs: [...ALGORITHMS],
    }),
  )
  const { credential, aaguid, credentialBackedUp, credentialDeviceType } = registrationInfo
  const { transports = [] } = credential
  return {
    credentialId: Buffer.from(credential.id, 'base64url'),
    publicKey: Buffer.from(credential.publicKey),
    signCount: credential.counter,
    transports: transports.filter((transport) => /^[a-z-]{1,32}$/.test(transport)).slice(0, PASSKEY.maxTransports),
    aaguid: /^[0-]*$/.test(aaguid) ? null : aaguid,
    backupEligible: credentialDeviceType === 'multiDevice',
    backedUp: credentialBackedUp,
  }
}

/**
 * Verifies a login (§7.2), except for the counter, which the database judges when it stores it. Throws if anything about it
 * is wrong; the message may contain what the client sent.
 */
export async function verifyAssertion(
  party: RelyingParty,
  {
    challenge,
    response,
    credential,
  }: { challenge: string; response: object; credential: Pick<Credential, 'credentialId' | 'publicKey'> },
): Promise<Assertion> {
  const { verifyAuthenticationResponse } = await library()
  const { authenticationInfo } = verified(
    await verifyAuthenticationResponse({
      response: response as AuthenticationResponseJSON,
      expectedChallenge: challenge,
      expectedOrigin: originsFor(party, response),
      expectedRPID: party.id,
      requireUserVerification: true,
      credential: {
        id: Buffer.from(credential.credentialId).toString('base64url'),
        publicKey: new Uint8Array(credential.publicKey),
        counter: 0,
      },
    }),
  )
  const { newCounter: signCount, credentialBackedUp: backedUp } = authenticationInfo
  return { signCount, backedUp }
}

/** The library returns `verified: false`, with everything else filled in, for a wrong signature: only here is it read. */
function verified<Result extends { verified: boolean }>(result: Result): Extract<Result, { verified: true }> {
  if (!result.verified) throw new Error('The signature is wrong')
  return result as Extract<Result, { verified: true }>
}

/** In development pages of any port on localhost count, as they do for CORS. */
function originsFor({ origins }: RelyingParty, response: object): string[] {
  const exact = origins.filter((origin) => origin !== ANY_LOCALHOST_ORIGIN)
  if (exact.length === origins.length) return exact
  const { clientDataJSON } = (response as { response?: { clientDataJSON?: unknown } }).response ?? {}
  const { origin } = JSON.parse(Buffer.from(String(clientDataJSON), 'base64url').toString()) as { origin?: unknown }
  const isLocal = typeof origin === 'string' && /^http:\/\/localhost(:\d{1,5})?$/.test(origin)
  return isLocal ? [...exact, origin] : exact
}
