import { useEffect, useRef, useState } from 'preact/hooks'
import { auth, call } from './api'
import { Field, Form, Username } from './form'
import { t } from './page'
import { hasPasskeys, usePasskey } from './webauthn'

type Ask = (methods: string[]) => Promise<boolean>
let ask: Ask = () => Promise.resolve(false)

/** Asks for a fresh proof of who is there. Resolves to whether it was given. */
export const askStepUp: Ask = (methods) => ask(methods)

/** The dialog of `askStepUp`; the view below it keeps what was typed. */
export function StepUpDialog() {
  const dialog = useRef<HTMLDialogElement>(null)
  const [open, setOpen] = useState<{ methods: string[]; settle: (given: boolean) => void } | null>(null)
  const [chosen, setChosen] = useState('')
  useEffect(() => {
    ask = (methods) =>
      new Promise((resolve) => {
        setChosen('')
        setOpen({ methods, settle: resolve })
      })
  }, [])
  useEffect(() => {
    if (open) dialog.current?.showModal()
  }, [open])
  if (open === null) return null

  const settle = (given: boolean) => {
    setOpen(null)
    open.settle(given)
  }
  const methods = open.methods.filter((one) => one !== 'PASSKEY' || hasPasskeys)
  const method = chosen || (methods[0] ?? 'PASSWORD')
  return (
    <dialog ref={dialog} aria-labelledby="step-up-title" onCancel={() => settle(false)}>
      <h2 id="step-up-title">{t.stepUpTitle}</h2>
      <Form
        key={method}
        button={method === 'PASSKEY' ? t.usePasskey : t.confirm}
        action={async (values) => {
          const result = method === 'PASSKEY' ? await byPasskey() : await call('stepUp', values)
          if (result?.ok) settle(true)
          return result === null || result.ok ? null : result.failure
        }}
      >
        {method === 'PASSWORD' && auth.state.status === 'signedIn' && auth.state.user && (
          <Username email={auth.state.user.email} />
        )}
        {method !== 'PASSKEY' && <ProofField method={method} />}
      </Form>
      {methods
        .filter((other) => other !== method)
        .map((other) => (
          <button key={other} type="button" class="link" onClick={() => setChosen(other)}>
            {labelOf(other)}
          </button>
        ))}
      <button type="button" class="link" onClick={() => settle(false)}>
        {t.cancel}
      </button>
    </dialog>
  )
}

/** Null where the person cancelled. */
async function byPasskey() {
  const started = await call('startPasskeyLogin')
  if (!started.ok) return started
  const passkey = await usePasskey(started.value.options)
  return passkey === null ? null : call('stepUp', { passkey, challenge: started.value.challenge })
}

export function labelOf(method: string): string {
  switch (method) {
    case 'TOTP':
      return t.totp
    case 'RECOVERY_CODE':
      return t.recoveryCode
    case 'PASSKEY':
      return t.usePasskey
    default:
      return t.password
  }
}

/** The field in which one of the proofs is given. */
export function ProofField({ method }: { method: string }) {
  const label = labelOf(method)
  if (method === 'TOTP')
    return <Field label={label} name="totp" inputMode="numeric" autocomplete="one-time-code" autofocus />
  if (method === 'RECOVERY_CODE')
    return <Field label={label} name="recoveryCode" autocomplete="off" dir="ltr" autofocus />
  return <Field label={label} name="password" type="password" autocomplete="current-password" autofocus />
}
