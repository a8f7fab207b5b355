import { type Account, GatehouseError, type Methods, createClient } from '@gatehouse/client'
import { lang, t } from './page'

/** The session of this tab, which others of this browser share by its cookie. */
export const auth = createClient({
  url: location.origin,
  transport: 'COOKIE',
  headers: () => ({ 'accept-language': lang }),
})

/** What `navigator.credentials` takes or gives, in the form of its `toJSON()`. */
export type CredentialJson = Record<string, unknown>

/** A failure of an operation: a member of its union, or an error of the whole request. */
export interface Failure {
  code: string
  message: string
  fields?: { field: string; message: string }[]
  suggestions?: string[]
  challenge?: string
  methods?: string[]
  passkeyOptions?: CredentialJson | null
}

export type Result<T> = { ok: true; value: T } | { ok: false; failure: Failure }

type Operation = Exclude<keyof Methods, 'me'>
export type Success<Name extends Operation> = Exclude<Awaited<ReturnType<Methods[Name]>>, { code: string }>

/** Runs an operation as whoever is signed in. */
export async function call<Name extends Operation>(
  name: Name,
  ...[input]: Parameters<Methods[Name]>
): Promise<Result<Success<Name>>> {
  const run = auth[name] as (input?: object) => Promise<Success<Name> | Failure>
  try {
    const reply = await run(input)
    return 'code' in reply ? { ok: false, failure: reply } : { ok: true, value: reply }
  } catch (error) {
    return { ok: false, failure: failureOf(error) }
  }
}

/** Why a request failed as a whole. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof GatehouseError)) return { code: 'FAILED', message: t.failed }
  return { code: error.code, message: error.code === 'UNREACHABLE' ? t.offline : error.message }
}

type Passkey = Pick<Account['passkeys'][number], 'id' | 'name' | 'createdAt' | 'lastUsedAt'>
type Session = Pick<Account['sessions'][number], 'id' | 'current' | 'userAgent' | 'ipAddress' | 'lastSeenAt'>
type Shown =
  'id' | 'email' | 'displayName' | 'locale' | 'pendingEmail' | 'recoveryCodesLeft' | 'waysIn' | 'secondFactors'
export type User = Pick<Account, Shown> & { passkeys: Passkey[]; sessions: Session[] }
const ME = `query Account { me { id email displayName locale pendingEmail recoveryCodesLeft waysIn
  secondFactors { id kind name createdAt lastUsedAt } passkeys { id name createdAt lastUsedAt }
  sessions { id current userAgent ipAddress lastSeenAt } } }`

/** What the page shows of the account. */
export async function readAccount(): Promise<Result<User>> {
  try {
    const { me } = await auth.request<{ me: User | null }>(ME)
    return me ? { ok: true, value: me } : { ok: false, failure: { code: 'FAILED', message: t.failed } }
  } catch (error) {
    return { ok: false, failure: failureOf(error) }
  }
}
