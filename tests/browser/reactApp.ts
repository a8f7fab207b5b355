import type { Client } from '@gatehouse/client'
import { AuthProvider, useAuth } from '@gatehouse/client/react'
import { StrictMode, createElement } from 'react'

/** Each text that was shown, oldest first. */
export const shown: string[] = []

function Who({ client }: { client?: Client }) {
  const { state } = useAuth(client)
  const text = state.status === 'signedIn' ? String(state.user?.email) : (problemOf(state) ?? state.status)
  if (shown.at(-1) !== text) shown.push(text)
  return createElement('p', { role: 'status' }, text)
}

const problemOf = (state: Client['state']) => (state.status === 'unknown' ? state.problem?.code : undefined)

/** Says who is signed in, three times: twice by the client of the provider, once by the one that it is given. */
export function App({ auth }: { auth: Client }) {
  const provided = createElement(AuthProvider, { client: auth }, createElement(Who), createElement(Who))
  return createElement(StrictMode, null, provided, createElement(Who, { client: auth }))
}
