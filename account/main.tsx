import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { auth, failureOf } from './api'
import { Home } from './home'
import { openCodeLink } from './mailedCode'
import { root } from './page'
import { useRoute } from './route'
import { CodeSignIn, SecondStep, SignIn } from './signIn'
import { Forgot, SignUp, VerifyEmail } from './signUp'
import { StepUpDialog } from './stepUp'
import { Waiting } from './waiting'

/** What goes wrong is in the state. */
const begin = () => auth.refresh().catch(() => undefined)

function Account() {
  const { name, held } = useRoute()
  const [state, setState] = useState(auth.state)
  useEffect(() => auth.subscribe(setState), [])
  /** The cookie tells whether somebody is signed in. Only the server's answer says that nobody is. */
  useEffect(() => {
    if (state.status === 'unknown' && state.problem === null) void begin()
  }, [state])

  if (state.status === 'unknown') {
    return <Waiting failure={state.problem === null ? null : failureOf(state.problem)} again={begin} />
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
