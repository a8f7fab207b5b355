import { useAuth } from '@gatehouse/client/react'
import { useState } from 'react'
import { Action, Form } from './Form'
import { Home } from './Home'
import { SignUp } from './SignUp'

export function App() {
  const { state, auth } = useAuth()
  switch (state.status) {
    case 'signedIn':
      return <Home />
    case 'signedOut':
      return <SignedOut />
    case 'unknown':
      // A server that cannot be reached says nothing about the session: no login is shown.
      return state.problem ? <Action name="Try again" run={() => auth.refresh()} /> : <p>One moment…</p>
  }
}

function SignedOut() {
  const [isNew, setNew] = useState(false)
  return (
    <>
      {isNew ? <SignUp done={() => setNew(false)} /> : <Login />}
      <button onClick={() => setNew(!isNew)}>{isNew ? 'I have an account' : 'I am new here'}</button>
    </>
  )
}

function Login() {
  const { auth } = useAuth()
  const [challenge, setChallenge] = useState<string>()

  if (challenge !== undefined)
    return (
      <Form
        button="Confirm"
        fields={{ totp: 'Code of your authenticator app' }}
        action={async ({ totp }) => {
          const result = await auth.verifySecondFactor({ challenge, totp })
          return result.__typename === 'LoginSuccess' ? null : result.message
        }}
      />
    )
  return (
    <Form
      button="Log in"
      fields={{ email: 'Email address', password: 'Password' }}
      action={async ({ email = '', password = '' }) => {
        const result = await auth.login({ email, password })
        switch (result.__typename) {
          case 'LoginSuccess':
            return null // useAuth() shows the rest
          case 'SecondFactorRequiredError':
            setChallenge(result.challenge)
            return null
          default:
            return result.message
        }
      }}
    />
  )
}
