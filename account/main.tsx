import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { refresh } from './api'
import { Form, View } from './form'
import { Home } from './home'
import { openCodeLink } from './mailedCode'
import { root, t } from './page'
import { useRoute } from './route'
import { session } from './session'
import { CodeSignIn, SecondStep, SignIn } from './signIn'
import { Forgot, SignUp, VerifyEmail } from './signUp'
import { StepUpDialog } from './stepUp'

function Account() {
  const { name, held } = useRoute()
  const [status, setStatus] = useState(session.status)
  const [problem, setProblem] = useState('')
  useEffect(() => session.subscribe(() => setStatus(session.status)), [])

  /** The cookie tells whether somebody is signed in. Only the server's answer says that nobody is. */
  async function begin() {
    const result = await refresh()
    if (!result.ok && session.status === 'unknown') setProblem(result.failure.message)
    return null
  }
  useEffect(() => void begin(), [])

  if (status === 'unknown') {
    return (
      <View title={t.title}>
        {problem === '' ? (
          <p role="status">{t.working}</p>
        ) : (
          <Form button={t.tryAgain} action={begin}>
            <p>{problem}</p>
          </Form>
        )}
      </View>
    )
  }
  if (status === 'signedIn') return <Home />
  switch (name) {
    case 'sign-up':
      return <SignUp />
    case 'verify':
      return <VerifyEmail held={held} />
    case 'forgot':
      return <Forgot held={held} />
    case 'code':
      return <CodeSignIn key={held.challenge} held={held} />
    case 'second-step':
      return <SecondStep held={held} />
    default:
      return <SignIn held={held} />
  }
}

openCodeLink()
root.replaceChildren()
render(
  <>
    <Account />
    <StepUpDialog />
  </>,
  root,
)
