import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { auth, failureOf } from './api'
import { Form, Support, View } from './form'
import { Home } from './home'
import { openCodeLink } from './mailedCode'
import { root, t } from './page'
import { useRoute } from './route'
import { CodeSignIn, SecondStep, SignIn } from './signIn'
import { Forgot, SignUp, VerifyEmail } from './signUp'
import { StepUpDialog } from './stepUp'

/** What goes wrong is in the state. */
const begin = () =>
  auth.refresh().then(
    () => null,
    () => null,
  )

function Account() {
  const { name, held } = useRoute()
  const [state, setState] = useState(auth.state)
  useEffect(() => auth.subscribe(setState), [])
  /** The cookie tells whether somebody is signed in. Only the server's answer says that nobody is. */
  useEffect(() => {
    if (state.status === 'unknown' && state.problem === null) void begin()
  }, [state])

  if (state.status === 'unknown') {
    return (
      <View title={t.title} icon="person">
        {state.problem === null ? (
          <p role="status">{t.working}</p>
        ) : (
          <Form button={t.tryAgain} action={begin}>
            <p>{failureOf(state.problem).message}</p>
            <Support />
          </Form>
        )}
      </View>
    )
  }
  if (state.status === 'signedIn') return <Home />
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
