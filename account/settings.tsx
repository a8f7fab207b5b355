import { call } from './api'
import { Field, Form, Username } from './form'
import type { SectionProps } from './home'
import { fill, page, t } from './page'
import { Panel } from './panel'
import { go } from './route'

export function Profile({ user, changed }: SectionProps) {
  return (
    <Panel title={t.profile} state={user.displayName ?? ''}>
      <Form
        button={t.save}
        action={async ({ displayName = '', locale = 'en' }) => {
          const name = displayName.trim() === '' ? null : displayName
          const result = await call('updateProfile', { displayName: name, locale })
          if (!result.ok) return result.failure
          await changed(t.saved)
          return null
        }}
      >
        <Field
          label={t.name}
          name="displayName"
          autocomplete="name"
          required={false}
          autocapitalize="words"
          defaultValue={user.displayName ?? ''}
        />
        <label for="mail-language">{t.mailLanguage}</label>
        <select id="mail-language" name="locale">
          {page.languages.map(({ tag, name }) => (
            <option key={tag} value={tag} lang={tag} selected={tag === user.locale}>
              {name}
            </option>
          ))}
        </select>
      </Form>
    </Panel>
  )
}

const hasPassword = ({ user }: Pick<SectionProps, 'user'>) => user.waysIn.includes('PASSWORD')

export function Address({ user, changed }: SectionProps) {
  return (
    <Panel title={t.address} state={user.email}>
      {user.pendingEmail !== null && (
        <Form
          button={t.cancelChange}
          kind="secondary"
          action={async () => {
            const result = await call('cancelEmailChange')
            if (!result.ok) return result.failure
            await changed(t.saved)
            return null
          }}
        >
          <p>{fill(t.addressWaits, { email: user.pendingEmail })}</p>
        </Form>
      )}
      {hasPassword({ user }) ? (
        <Form
          button={t.changeAddress}
          action={async ({ newEmail = '', password = '' }) => {
            const result = await call('requestEmailChange', { newEmail, password })
            if (!result.ok) return result.failure
            await changed(fill(t.addressSent, { email: result.value.newEmail }))
            return null
          }}
        >
          <Username email={user.email} />
          <Field label={t.newAddress} name="newEmail" type="email" autocomplete="email" />
          <Field label={t.password} name="password" type="password" autocomplete="current-password" />
        </Form>
      ) : (
        <p>{t.needsPassword}</p>
      )}
    </Panel>
  )
}

export function Password({ user, changed }: SectionProps) {
  if (!hasPassword({ user })) {
    return (
      <Panel title={t.password} state={t.none}>
        <Form
          button={t.setPassword}
          action={async () => {
            const result = await call('requestReset', { email: user.email })
            if (!result.ok) return result.failure
            await changed(fill(t.resetSent, { email: user.email }))
            return null
          }}
        >
          <p>{t.setPasswordLead}</p>
        </Form>
      </Panel>
    )
  }
  return (
    <Panel title={t.password}>
      <Form
        button={t.changePassword}
        action={async ({ currentPassword = '', newPassword = '' }) => {
          const result = await call('changePassword', { currentPassword, newPassword })
          if (!result.ok) return result.failure
          await changed(t.passwordChanged)
          return null
        }}
      >
        <Username email={user.email} />
        <Field label={t.currentPassword} name="currentPassword" type="password" autocomplete="current-password" />
        <Field
          label={t.newPassword}
          name="newPassword"
          type="password"
          autocomplete="new-password"
          hint={`${t.rule} ${t.passwordNote}`}
        />
      </Form>
    </Panel>
  )
}

export function DeleteAccount({ user }: SectionProps) {
  return (
    <Panel title={t.deleteAccount}>
      <p>{t.deleteLead}</p>
      {hasPassword({ user }) ? (
        <Form
          button={t.deleteButton}
          kind="danger"
          action={async ({ password = '' }) => {
            const result = await call('deleteAccount', { password })
            if (!result.ok) return result.failure
            go('', { notice: t.deleted }, { replace: true })
            return null
          }}
        >
          <Username email={user.email} />
          <Field label={t.password} name="password" type="password" autocomplete="current-password" />
        </Form>
      ) : (
        <p>{t.needsPassword}</p>
      )}
    </Panel>
  )
}
