import { GatehouseError, unreachable } from './error.js'
import { within } from './platform.js'

export interface Connection {
  /** The server's address, without a path: `https://auth.example.com`. */
  url: string
  /** Instead of the platform's own. */
  fetch?: typeof fetch
  /** Further headers of each request, such as `accept-language`, or those by which a server names the person it calls for. */
  headers?: () => Record<string, string>
  /** Milliseconds until a request without an answer is given up. */
  timeout?: number
}

export interface Call {
  document: string
  variables?: object | undefined
  token?: string | null
}

interface Body {
  data?: Record<string, unknown> | null
  errors?: { message: string; extensions?: { code?: string; retryAfter?: number } }[]
}

/** Sends one operation, and resolves to its data. Rejects with a GatehouseError and nothing else. */
export async function send(connection: Connection, { document, variables = {}, token }: Call): Promise<unknown> {
  const { url, fetch: run = fetch, headers, timeout = 30_000 } = connection
  const { status, text } = await within(timeout, async (signal) => {
    const response = await run(`${url}/graphql`, {
      method: 'POST',
      credentials: 'include',
      headers: {
        'content-type': 'application/json',
        accept: 'application/graphql-response+json, application/json;q=0.9',
        ...headers?.(),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      body: JSON.stringify({ query: document, variables }),
      ...(signal && { signal }),
    })
    return { status: response.status, text: await response.text() }
  }).catch((error: unknown) => {
    throw unreachable(String(error))
  })
  return dataOf(parsed(text), status)
}

function parsed(text: string): Body | null {
  try {
    return JSON.parse(text) as Body | null
  } catch {
    return null
  }
}

function dataOf(body: Body | null, status: number): unknown {
  const error = body?.errors?.[0]
  if (error?.extensions?.code)
    throw new GatehouseError(error.extensions.code, error.message, error.extensions.retryAfter)
  if (error || !body?.data) throw unreachable(`HTTP ${status} without an answer of the server`)
  return body.data
}
