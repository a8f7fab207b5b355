import { useEffect, useState } from 'preact/hooks'
import { type Failure, type User, auth, failureOf, readAccount } from './api'
import { Authenticator, RecoveryCodes } from './authenticator'
import { Form, Notice, View } from './form'
import { page, t } from './page'
import { Passkeys } from './passkeys'
import { go } from './route'
import { Sessions } from './sessions'
import { Address, DeleteAccount, Password, Profile } from './settings'
import { Waiting } from './waiting'
import { signalUser } from './webauthn'

/** What a section shows, and how it says that the account has changed. */
export interface SectionProps {
  user: User
  /** Reads the account anew, and says what was done. */
  changed: (notice?: string) => Promise<void>
}

export function Home() {
  const [user, setUser] = useState<User | null>(null)
  const [failure, setFailure] = useState<Failure | null>(null)
  const [notice, setNotice] = useState<string>()

  async function load() {
    const result = await readAccount()
    if (result.ok) setUser(result.value)
    if (result.ok && result.value.passkeys.length > 0) void signalUser(result.value)
    setFailure(result.ok ? null : result.failure)
  }
  useEffect(() => void load(), [])

  if (user === null) return <Waiting failure={failure} again={load} />
  const props = {
    user,
    changed: async (done?: string) => {
      await load()
      setNotice(done)
    },
  }
  return (
    <View title={t.title} icon="person">
      <p>
        <bdi>{user.email}</bdi>
      </p>
      <Notice text={notice} />
      <Profile {...props} />
      <Address {...props} />
      <Password {...props} />
      <Passkeys {...props} />
      <Authenticator {...props} />
      <RecoveryCodes {...props} />
      <Sessions {...props} />
      <DeleteAccount {...props} />
      {page.appUrl !== null && (
        <a class="button" href={page.appUrl}>
          {t.toApp}
        </a>
      )}
      <Form
        button={t.signOut}
        kind="secondary"
        action={async () => {
          const failure = await auth.signOut().then(() => null, failureOf)
          if (failure) return failure
          go('', { notice: t.signedOut }, { replace: true })
          return null
        }}
      />
    </View>
  )
}
