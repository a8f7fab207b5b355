import type { CombinedError, Exchange, Operation } from '@urql/core'
import { authExchange } from '@urql/exchange-auth'
import { type TokenSource, UNAUTHENTICATED, currentToken } from './token.js'

/** Milliseconds: a token that expires this soon is renewed before it is used. */
const LEEWAY = 30_000

/**
 * An exchange that sends the user's access token, put before `fetchExchange`. What is answered as UNAUTHENTICATED (or by HTTP
 * 401) is sent once more with a renewed token; where the session cannot be renewed now, the operation fails with that error.
 */
export function gatehouseExchange(auth: TokenSource): Exchange {
  let refused: string | null = null
  return authExchange((utilities) =>
    Promise.resolve({
      addAuthToOperation: (operation) => {
        const token = currentToken(auth)
        return token === null ? operation : utilities.appendHeaders(operation, { authorization: `Bearer ${token}` })
      },
      willAuthError: () => {
        const { state } = auth
        return state.status === 'unknown' || (state.status === 'signedIn' && state.expiresAt - Date.now() < LEEWAY)
      },
      didAuthError: (error, operation) => {
        refused = isRefusal(error) ? tokenOf(operation) : null
        return refused !== null
      },
      refreshAuth: async () => {
        const spent = refused
        refused = null
        // Another operation may have renewed it since.
        if (spent !== null && spent === currentToken(auth)) await auth.refresh()
        else await auth.token()
      },
    }),
  )
}

const isRefusal = ({ graphQLErrors, response }: CombinedError) =>
  graphQLErrors.some(({ extensions }) => extensions.code === UNAUTHENTICATED) ||
  (response as Response | undefined)?.status === 401

function tokenOf({ context: { fetchOptions } }: Operation): string | null {
  const options = typeof fetchOptions === 'function' ? fetchOptions() : fetchOptions
  const headers = options?.headers as Record<string, string> | undefined
  return headers?.authorization?.replace('Bearer ', '') ?? null
}
