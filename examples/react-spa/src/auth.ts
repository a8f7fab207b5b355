import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client'
import { createClient } from '@gatehouse/client'
import { gatehouseLink, possibleTypes } from '@gatehouse/client/apollo'

const url = (import.meta.env.VITE_GATEHOUSE_URL as string | undefined) ?? 'http://localhost:4000'

/** Keeps the access token in memory; the refresh token is in a cookie that no script can read. */
export const auth = createClient({ url, transport: 'COOKIE' })

export const apollo = new ApolloClient({
  link: ApolloLink.from([gatehouseLink(auth), new HttpLink({ uri: `${url}/graphql` })]),
  cache: new InMemoryCache({ possibleTypes }),
})

let shownId: string | null = null
auth.subscribe((state) => {
  const id = state.status === 'signedIn' ? (state.user?.id ?? null) : null
  const isOther = state.status === 'signedOut' || (id !== null && shownId !== null && id !== shownId)
  if (isOther) void apollo.clearStore() // what the next user must not see
  if (id !== null) shownId = id
})
