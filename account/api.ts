import { t } from './page'
import { type CredentialJson, type Operation, type Operations, documentOf } from './operations'
import { session } from './session'

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
export const failed = (code: string, message: string): Result<never> => ({ ok: false, failure: { code, message } })

type Reply = Record<string, unknown> & { __typename?: string }
interface Body {
  data?: Record<string, Reply | null> | null
  errors?: { message: string; extensions?: { code?: string } }[]
}

/** Milliseconds: longer than the server lets a request wait for its hash. */
const TIMEOUT = 30_000
/** Milliseconds: a token that expires this soon is renewed before it is used. */
const LEEWAY = 30_000

/**
 * Runs an operation. A request that was answered as unauthenticated did nothing: it is sent once more with a new token. Only
 * the server's answer ends the session; a dead network or a busy server changes nothing.
 */
export async function call<Name extends Operation>(
  name: Name,
  input?: Operations[Name]['input'],
): Promise<Result<Operations[Name]['success']>> {
  if (session.accessToken !== '' && session.expiresAt - Date.now() < LEEWAY) await refresh()
  const first = await send(name, input)
  if (first.ok || first.failure.code !== 'UNAUTHENTICATED') return first
  const renewed = await refresh()
  return renewed.ok ? send(name, input) : first
}

let refreshing: Promise<Result<unknown>> | null = null

/** Renews the session by its cookie. Calls meanwhile share one request. */
export function refresh(): Promise<Result<unknown>> {
  refreshing ??= send('refreshSession').finally(() => (refreshing = null))
  return refreshing.then((result) => {
    if (!result.ok && ['INVALID_TOKEN', 'EXPIRED_TOKEN'].includes(result.failure.code)) session.end()
    return result
  })
}

async function send<Name extends Operation>(
  name: Name,
  input?: Operations[Name]['input'],
): Promise<Result<Operations[Name]['success']>> {
  const response = await fetch('/graphql', {
    method: 'POST',
    credentials: 'same-origin',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json;q=0.9',
      'accept-language': document.documentElement.lang,
      // An expired access token would be refused before the cookie is read.
      ...(session.accessToken && name !== 'refreshSession' ? { authorization: `Bearer ${session.accessToken}` } : {}),
    },
    body: JSON.stringify({ query: documentOf(name), variables: input === undefined ? {} : { input } }),
    signal: AbortSignal.timeout(TIMEOUT),
  }).catch(() => null)
  if (response === null) return failed('OFFLINE', t.offline)
  const body = (await response.json().catch(() => null)) as Body | null
  return read<Operations[Name]['success']>(body, name)
}

function read<T>(body: Body | null, name: string): Result<T> {
  const error = body?.errors?.[0]
  if (error) return failed(error.extensions?.code ?? 'FAILED', error.message)
  const reply = body?.data?.[name]
  if (!reply) return failed('FAILED', t.failed)
  if (reply.__typename?.endsWith('Error')) return { ok: false, failure: reply as unknown as Failure }
  session.take(reply)
  return { ok: true, value: reply as T }
}
