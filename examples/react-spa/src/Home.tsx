import { type TypedDocumentNode, gql } from '@apollo/client'
import { useQuery } from '@apollo/client/react'
import { useAuth } from '@gatehouse/client/react'
import { Action } from './Form'

const ACCOUNT: TypedDocumentNode<{
  me: { id: string; email: string; sessions: { id: string; current: boolean }[] } | null
}> = gql`
  query Account {
    me {
      id
      email
      sessions {
        id
        current
      }
    }
  }
`

export function Home() {
  const { auth } = useAuth()
  const { data, error } = useQuery(ACCOUNT)
  return (
    <>
      {error && <p role="alert">{error.message}</p>}
      {data?.me && (
        <p>
          You are {data.me.email}. Devices: {data.me.sessions.length}.
        </p>
      )}
      <Action name="Log out" run={() => auth.signOut()} />
    </>
  )
}
