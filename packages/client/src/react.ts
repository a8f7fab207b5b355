import { type ReactNode, createContext, createElement, useContext, useEffect, useSyncExternalStore } from 'react'
import type { Client } from './index.js'
import type { State } from './state.js'

const Provided = createContext<Client | null>(null)

/** Of a page that a server renders, and of its hydration: both show the same. */
const UNKNOWN: State = { status: 'unknown', problem: null }
const unknown = () => UNKNOWN

/** Gives a client to all `useAuth()` below it. */
export function AuthProvider({ client, children }: { client: Client; children?: ReactNode }) {
  return createElement(Provided.Provider, { value: client }, children)
}

/**
 * The state of the session, and the client. Where the state is unknown it asks the server, once for all components. A failed
 * answer stays in `state.problem`: `auth.refresh()` tries again. Takes the client of the AuthProvider above, or the one given.
 */
export function useAuth(client?: Client): { state: State; auth: Client } {
  const provided = useContext(Provided)
  const auth = client ?? provided
  if (!auth) throw new Error('useAuth() has no client: wrap the app in <AuthProvider client={auth}>')
  const state = useSyncExternalStore(auth.subscribe, () => auth.state, unknown)
  useEffect(() => {
    // The failure is in the state.
    if (state.status === 'unknown' && state.problem === null) auth.refresh().catch(() => undefined)
  }, [auth, state])
  return { state, auth }
}
