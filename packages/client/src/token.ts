import type { State } from './state.js'

/** The code of a request that did nothing, since its access token does not count. */
export const UNAUTHENTICATED = 'UNAUTHENTICATED'

/** What is needed of a client to send requests as its user. */
export interface TokenSource {
  readonly state: State
  token(): Promise<string | null>
  refresh(): Promise<State>
}

export const currentToken = ({ state }: TokenSource) => (state.status === 'signedIn' ? state.accessToken : null)

/**
 * The access token for a request, and another one for when that was refused: at most one refresh for a request, since a token
 * that was new is refused for another reason than its age. Null where there is none.
 */
export async function tokenFor(source: TokenSource) {
  const before = currentToken(source)
  const token = await source.token()
  const renewed = async () => {
    if (token === null || token !== before) return null
    // Another request may have renewed it since.
    if (currentToken(source) === token) await source.refresh()
    return currentToken(source)
  }
  return { token, renewed }
}
