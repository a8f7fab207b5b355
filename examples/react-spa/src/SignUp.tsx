import { useAuth } from '@gatehouse/client/react'
import { useState } from 'react'
import { Form } from './Form'

/** Asks for address and password, then for the code of the mail. */
export function SignUp({ done }: { done: () => void }) {
  const { auth } = useAuth()
  const [challenge, setChallenge] = useState<string>()

  if (challenge === undefined)
    return (
      <Form
        button="Sign up"
        fields={{ email: 'Email address', password: 'Password' }}
        action={async ({ email = '', password = '' }) => {
          const result = await auth.register({ email, password, locale: navigator.language })
          if (result.__typename !== 'RegisterSuccess') return result.message
          setChallenge(result.challenge)
          return null
        }}
      />
    )
  return (
    <Form
      button="Confirm"
      fields={{ code: 'Code in our mail' }}
      action={async ({ code = '' }) => {
        const result = await auth.verifyEmailByCode({ challenge, code })
        if (result.__typename !== 'VerifyEmailSuccess') return result.message
        done()
        return null
      }}
    />
  )
}
