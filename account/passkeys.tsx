import { useState } from 'preact/hooks'
import { type User, call } from './api'
import { CodesShown } from './authenticator'
import { Field, Form } from './form'
import type { SectionProps } from './home'
import { fill, t } from './page'
import { Panel, used, when } from './panel'
import { createPasskey, hasPasskeys, signalPasskeys } from './webauthn'

export function Passkeys({ user, changed }: SectionProps) {
  const [codes, setCodes] = useState<string[] | null>(null)
  return (
    <Panel title={t.passkeys} state={String(user.passkeys.length)}>
      <p>{t.passkeysLead}</p>
      {codes && <CodesShown codes={codes} kept={() => setCodes(null)} />}
      <ul class="items">
        {user.passkeys.map((passkey) => (
          <OnePasskey key={passkey.id} passkey={passkey} changed={changed} />
        ))}
      </ul>
      {hasPasskeys ? (
        <Form
          button={t.addPasskey}
          action={async () => {
            const started = await call('startPasskeyRegistration')
            if (!started.ok) return started.failure
            const response = await createPasskey(started.value.options)
            if (response === null) return { code: 'CANCELLED', message: t.passkeyNotAdded }
            const result = await call('registerPasskey', { challenge: started.value.challenge, response })
            if (!result.ok) return result.failure
            setCodes(result.value.recoveryCodes)
            await changed(t.passkeyAdded)
            return null
          }}
        />
      ) : (
        <p class="hint">{t.noPasskeys}</p>
      )}
    </Panel>
  )
}

function OnePasskey({ passkey, changed }: { passkey: User['passkeys'][number] } & Pick<SectionProps, 'changed'>) {
  const { id, name, createdAt, lastUsedAt } = passkey
  return (
    <li>
      <strong>{name}</strong>
      <span class="hint">
        {fill(t.addedOn, { date: when(createdAt) })} · {fill(t.lastUsed, { date: used(lastUsedAt) })}
      </span>
      <details>
        <summary>{t.change}</summary>
        <Form
          button={t.rename}
          kind="secondary"
          action={async ({ name: newName = '' }) => {
            const result = await call('renamePasskey', { passkeyId: id, name: newName })
            if (!result.ok) return result.failure
            await changed(t.saved)
            return null
          }}
        >
          <Field label={t.name} name="name" defaultValue={name} autocomplete="off" />
        </Form>
        <Form
          button={t.remove}
          kind="danger"
          action={async () => {
            const result = await call('removePasskey', { passkeyId: id })
            if (!result.ok) return result.failure
            await signalPasskeys(result.value)
            await changed(t.removed)
            return null
          }}
        />
      </details>
    </li>
  )
}
