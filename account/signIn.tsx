import { useEffect } from 'preact/hooks'
import { type CredentialJson, type Failure, type Result, call } from './api'
import { Field, Form, Notice, View } from './form'
import { forgetCode, rememberCode } from './mailedCode'
import { fill, page, t } from './page'
import { type Held, go } from './route'
import { ProofField, labelOf } from './stepUp'
import { canSuggestPasskeys, hasPasskeys, stopSuggesting, suggestPasskeys, usePasskey } from './webauthn'

/** Goes on after a login: to the account, or to the second step. Resolves to the failure to show. */
function afterLogin(result: Result<object>): Failure | null {
  if (result.ok) {
    forgetCode()
    go('', {}, { replace: true })
    return null
  }
  const { code, challenge, methods, passkeyOptions } = result.failure
  if (code !== 'SECOND_FACTOR_REQUIRED') return result.failure
  go('second-step', { challenge, methods, passkeyOptions })
  return null
}

export function SignIn({ held }: { held: Held }) {
  useEffect(() => {
    void suggest()
    return stopSuggesting
  }, [])

  async function suggest() {
    if (!hasPasskeys || !(await canSuggestPasskeys())) return
    const started = await call('startPasskeyLogin')
    if (!started.ok) return
    const response = await suggestPasskeys(started.value.options)
    if (response) afterLogin(await call('loginWithPasskey', { challenge: started.value.challenge, response }))
  }

  async function byPasskey() {
    const started = await call('startPasskeyLogin')
    if (!started.ok) return started.failure
    const response = await usePasskey(started.value.options)
    if (response === null) return null
    return afterLogin(await call('loginWithPasskey', { challenge: started.value.challenge, response }))
  }

  return (
    <View title={t.signIn} icon="person">
      <Notice text={held.notice} />
      <Form
        button={t.signIn}
        action={async ({ email = '', password = '' }) => {
          const result = await call('login', { email, password })
          if (!result.ok && result.failure.code === 'EMAIL_NOT_VERIFIED') go('verify', { email })
          return afterLogin(result)
        }}
      >
        <Field
          label={t.email}
          name="email"
          type="email"
          autocomplete="username webauthn"
          defaultValue={held.email ?? ''}
        />
        <Field label={t.password} name="password" type="password" autocomplete="current-password" />
      </Form>
      {hasPasskeys && <Form button={t.passkeySignIn} kind="secondary" action={byPasskey} />}
      <nav class="links">
        <Link to="sign-up">{t.signUp}</Link>
        {page.loginCode && <Link to="code">{t.mailCode}</Link>}
        <Link to="forgot">{t.forgot}</Link>
      </nav>
    </View>
  )
}

export function Link({ to, children }: { to: string; children: string }) {
  return (
    <a
      href={`/account${to === '' ? '' : `/${to}`}`}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return
        event.preventDefault()
        go(to)
      }}
    >
      {children}
    </a>
  )
}

/** The second step of a login: the strongest factor first, the others one click away. */
export function SecondStep({ held }: { held: Held }) {
  const { challenge = '', methods = [], passkeyOptions } = held
  const usable = methods.filter((method) => method !== 'PASSKEY' || (hasPasskeys && passkeyOptions))
  const method = held.method ?? usable[0] ?? 'TOTP'

  async function prove(proof: Record<string, string | CredentialJson>) {
    const result = await call('verifySecondFactor', { challenge, ...proof })
    if (!result.ok && ['INVALID_TOKEN', 'EXPIRED_TOKEN'].includes(result.failure.code)) {
      go('', { notice: result.failure.message }, { replace: true })
      return null
    }
    return afterLogin(result)
  }

  return (
    <View title={t.secondStep} icon="shield" back={() => go('')}>
      {method === 'PASSKEY' ? (
        <Form
          key={method}
          button={t.usePasskey}
          action={async () => {
            const passkey = await usePasskey(passkeyOptions ?? {})
            return passkey === null ? null : prove({ passkey })
          }}
        />
      ) : (
        <Form key={method} button={t.signIn} action={prove}>
          <ProofField method={method} />
        </Form>
      )}
      <nav class="links">
        {usable
          .filter((other) => other !== method)
          .map((other) => (
            <button
              key={other}
              type="button"
              class="link"
              onClick={() => go('second-step', { ...held, method: other }, { replace: true })}
            >
              {labelOf(other)}
            </button>
          ))}
      </nav>
    </View>
  )
}

/** Asks for a code by mail, then for the code. The link in that mail signs in here too, by the challenge of this browser. */
export function CodeSignIn({ held }: { held: Held }) {
  if (held.challenge === undefined) {
    return (
      <View title={t.mailCode} icon="mail" back={() => go('')}>
        <p>{t.mailCodeLead}</p>
        <Form button={t.sendCode} action={({ email = '' }) => requestCode(email)}>
          <Field label={t.email} name="email" type="email" autocomplete="username" defaultValue={held.email ?? ''} />
        </Form>
      </View>
    )
  }
  const { challenge, email = '' } = held
  return (
    <View title={t.codeTitle} icon="code" back={() => go('')}>
      <p>{fill(t.codeSent, { email })}</p>
      <Notice text={held.notice} />
      <Form
        button={t.signIn}
        action={async ({ code = '' }) => afterLogin(await call('loginWithCode', { challenge, code }))}
      >
        <CodeField code={held.code} />
      </Form>
      <Form button={t.anotherCode} kind="secondary" action={() => requestCode(email, t.codeAgain)} />
    </View>
  )
}

async function requestCode(email: string, notice?: string): Promise<Failure | null> {
  const result = await call('requestLoginCode', { email })
  if (!result.ok) return result.failure
  rememberCode(result.value)
  go(
    'code',
    { email: result.value.email, challenge: result.value.challenge, notice },
    { replace: notice !== undefined },
  )
  return null
}

/** Eight digits out of a mail, which phones offer above the keyboard. */
export function CodeField({ code = '' }: { code?: string | undefined }) {
  return <Field label={t.code} name="code" inputMode="numeric" autocomplete="one-time-code" defaultValue={code} />
}
