import type { CredentialJson, User } from './api'
import { page } from './page'

/** The parts of WebAuthn Level 3 that TypeScript's library does not know yet. */
interface Level3 {
  parseRequestOptionsFromJSON?(options: CredentialJson): PublicKeyCredentialRequestOptions
  parseCreationOptionsFromJSON?(options: CredentialJson): PublicKeyCredentialCreationOptions
  isConditionalMediationAvailable?(): Promise<boolean>
  signalCurrentUserDetails?(user: { rpId: string; userId: string; name: string; displayName: string }): Promise<void>
  signalAllAcceptedCredentials?(list: {
    rpId: string
    userId: string
    allAcceptedCredentialIds: string[]
  }): Promise<void>
}
const { PublicKeyCredential: found = {} } = window as { PublicKeyCredential?: unknown }
const level3 = found as Level3

/** Whether this browser has passkeys, with the JSON forms of their options (Chrome 129, Safari 18.4, Firefox 119). */
export const hasPasskeys = level3.parseCreationOptionsFromJSON !== undefined

const toJson = (credential: Credential | null) =>
  credential === null ? null : ((credential as PublicKeyCredential).toJSON() as unknown as CredentialJson)

/** Resolves to null where the person cancelled, or the browser refused. */
export async function createPasskey(options: CredentialJson): Promise<CredentialJson | null> {
  const publicKey = level3.parseCreationOptionsFromJSON?.(options)
  if (publicKey === undefined) return null
  return navigator.credentials.create({ publicKey }).then(toJson, () => null)
}

/** Resolves to null where the person cancelled, or the browser refused. */
export async function usePasskey(options: CredentialJson): Promise<CredentialJson | null> {
  stopSuggesting()
  const publicKey = level3.parseRequestOptionsFromJSON?.(options)
  if (publicKey === undefined) return null
  return navigator.credentials.get({ publicKey }).then(toJson, () => null)
}

let suggesting: AbortController | null = null

export const canSuggestPasskeys = async () => (await level3.isConditionalMediationAvailable?.()) ?? false

/** Offers passkeys in the list that the address field opens. Resolves to null where none was chosen. */
export async function suggestPasskeys(options: CredentialJson): Promise<CredentialJson | null> {
  stopSuggesting()
  suggesting = new AbortController()
  const publicKey = level3.parseRequestOptionsFromJSON?.(options)
  if (publicKey === undefined) return null
  const { signal } = suggesting
  return navigator.credentials.get({ publicKey, mediation: 'conditional', signal }).then(toJson, () => null)
}

/** A browser has one request for a passkey at a time. */
export function stopSuggesting(): void {
  suggesting?.abort()
  suggesting = null
}

/** Tells the password manager which passkeys are left, so that it stops offering a removed one. */
export async function signalPasskeys(left: { rpId: string; userHandle: string; acceptedCredentialIds: string[] }) {
  const { rpId, userHandle: userId, acceptedCredentialIds: allAcceptedCredentialIds } = left
  await level3.signalAllAcceptedCredentials?.({ rpId, userId, allAcceptedCredentialIds }).catch(() => undefined)
}

/** Tells the password manager the account's present address and name, which it shows beside its passkeys. */
export async function signalUser({ id, email, displayName }: Pick<User, 'id' | 'email' | 'displayName'>) {
  const bytes = id.replaceAll('-', '').match(/../g) ?? []
  const userId = btoa(String.fromCharCode(...bytes.map((byte) => parseInt(byte, 16))))
  const user = { rpId: page.rpId, userId: userId.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '') }
  await level3
    .signalCurrentUserDetails?.({ ...user, name: email, displayName: displayName ?? email })
    .catch(() => undefined)
}
