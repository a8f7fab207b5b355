import { useState } from 'preact/hooks'
import { type Success, call } from './api'
import { Field, Form } from './form'
import type { SectionProps } from './home'
import { fill, t } from './page'
import { Panel, used, when } from './panel'
import { QrCode } from './qr'

/** Authenticator apps: the second step of a login by password or code. */
export function Authenticator({ user, changed }: SectionProps) {
  const [enrolled, setEnrolled] = useState<Success<'enrollTotp'> | null>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const apps = user.secondFactors.filter(({ kind }) => kind === 'TOTP')
  return (
    <Panel title={t.authenticator} state={apps.length === 0 ? t.none : String(apps.length)}>
      <p>{t.authenticatorLead}</p>
      {codes && <CodesShown codes={codes} kept={() => setCodes(null)} />}
      <ul class="items">
        {apps.map(({ id, name, createdAt, lastUsedAt }) => (
          <li key={id}>
            <strong>{name}</strong>
            <span class="hint">
              {fill(t.addedOn, { date: when(createdAt) })} · {fill(t.lastUsed, { date: used(lastUsedAt) })}
            </span>
            <Form
              button={t.remove}
              kind="danger"
              action={async () => {
                const result = await call('removeSecondFactor', { factorId: id })
                if (!result.ok) return result.failure
                await changed(t.removed)
                return null
              }}
            />
          </li>
        ))}
      </ul>
      {enrolled === null ? (
        <Form
          button={t.setUp}
          action={async () => {
            const result = await call('enrollTotp', {})
            if (!result.ok) return result.failure
            setEnrolled(result.value)
            return null
          }}
        />
      ) : (
        <Form
          button={t.confirm}
          action={async ({ code = '' }) => {
            const result = await call('confirmTotp', { factorId: enrolled.factorId, code })
            if (!result.ok) return result.failure
            setEnrolled(null)
            setCodes(result.value.recoveryCodes)
            await changed(t.authenticatorAdded)
            return null
          }}
        >
          <p>{t.scan}</p>
          <QrCode text={enrolled.uri} label={t.qrLabel} />
          <p>
            {t.key}: <code class="key">{enrolled.secret.replace(/.{4}(?=.)/g, '$& ')}</code>
          </p>
          <Field label={t.totp} name="code" inputMode="numeric" autocomplete="one-time-code" />
        </Form>
      )}
    </Panel>
  )
}

export function RecoveryCodes({ user, changed }: SectionProps) {
  const [codes, setCodes] = useState<string[] | null>(null)
  if (user.secondFactors.length === 0 && user.passkeys.length === 0) return null
  return (
    <Panel title={t.recoveryCodes} state={fill(t.codesLeft, { count: user.recoveryCodesLeft })}>
      <p>{t.codesLead}</p>
      {codes && <CodesShown codes={codes} kept={() => setCodes(null)} />}
      <Form
        button={t.renewCodes}
        kind="secondary"
        action={async () => {
          const result = await call('renewRecoveryCodes')
          if (!result.ok) return result.failure
          setCodes(result.value.recoveryCodes)
          await changed()
          return null
        }}
      />
    </Panel>
  )
}

/** Recovery codes, shown this once, until the person says that they are kept. */
export function CodesShown({ codes, kept }: { codes: string[]; kept: () => void }) {
  const [copied, setCopied] = useState(false)
  const text = `${codes.join('\n')}\n`
  return (
    <div class="codes" role="group" aria-label={t.recoveryCodes}>
      <p>{t.codesShown}</p>
      <ol>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ol>
      <button
        type="button"
        class="button secondary"
        onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
      >
        {copied ? t.copied : t.copy}
      </button>
      <a class="button secondary" download="recovery-codes.txt" href={`data:text/plain,${encodeURIComponent(text)}`}>
        {t.download}
      </a>
      <button type="button" class="button" onClick={kept}>
        {t.codesKept}
      </button>
    </div>
  )
}
