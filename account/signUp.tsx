import { call } from './api'
import { Field, Form, Notice, View } from './form'
import { fill, t } from './page'
import { type Held, go } from './route'
import { CodeField, Link } from './signIn'

export function SignUp() {
  return (
    <View title={t.signUp} icon="newPerson" back={() => go('')}>
      <Form
        button={t.signUp}
        action={async ({ email = '', password = '', displayName = '' }) => {
          const name = displayName.trim() === '' ? null : displayName
          const { lang: locale } = document.documentElement
          const result = await call('register', { email, password, displayName: name, locale })
          if (!result.ok) return result.failure
          go('verify', { email: result.value.email, challenge: result.value.challenge })
          return null
        }}
      >
        <Field label={t.name} name="displayName" autocomplete="name" required={false} autocapitalize="words" />
        <Field label={t.email} name="email" type="email" autocomplete="username" />
        <Field label={t.password} name="password" type="password" autocomplete="new-password" hint={t.rule} />
      </Form>
      <nav class="links">
        <Link to="">{t.haveAccount}</Link>
      </nav>
    </View>
  )
}

/** With the address beside the token, for password managers. */
function openReset({ resetToken, email }: { resetToken: string; email: string }): void {
  location.assign(`/reset-password#token=${resetToken}&email=${encodeURIComponent(email)}`)
}

/** The code of the verification mail. Without a challenge of this browser, only another mail helps. */
export function VerifyEmail({ held }: { held: Held }) {
  const { email = '', challenge } = held

  async function resend() {
    const result = await call('resendVerification', { email })
    if (!result.ok) return result.failure
    go('verify', { email, challenge: result.value.challenge, notice: t.mailAgain }, { replace: true })
    return null
  }

  async function verify(code: string, held: string) {
    const result = await call('verifyEmailByCode', { challenge: held, code })
    if (!result.ok) return result.failure
    // Several people registered the address: whoever reads its mails chooses the password.
    const { resetToken, email } = result.value
    if (resetToken) openReset({ resetToken, email })
    else go('', { email, notice: t.verified }, { replace: true })
    return null
  }

  return (
    <View title={t.verifyTitle} icon="confirmMail" back={() => go('')}>
      <p>{fill(t.verifySent, { email })}</p>
      <Notice text={held.notice} />
      {challenge !== undefined && (
        <Form button={t.confirm} action={({ code = '' }) => verify(code, challenge)}>
          <CodeField />
        </Form>
      )}
      <Form button={t.anotherMail} kind="secondary" action={resend} />
    </View>
  )
}

export function Forgot({ held }: { held: Held }) {
  if (held.notice !== undefined) {
    return (
      <View title={t.sentTitle} icon="sent" back={() => go('')}>
        <p role="status">{held.notice}</p>
      </View>
    )
  }
  return (
    <View title={t.forgotTitle} icon="key" back={() => go('')}>
      <p>{t.forgotLead}</p>
      <Form
        button={t.sendLink}
        action={async ({ email = '' }) => {
          const result = await call('requestReset', { email })
          if (!result.ok) return result.failure
          go('forgot', { notice: fill(t.resetSent, { email: result.value.email }) })
          return null
        }}
      >
        <Field label={t.email} name="email" type="email" autocomplete="username" defaultValue={held.email ?? ''} />
      </Form>
    </View>
  )
}
