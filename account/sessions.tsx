import { call } from './api'
import { Form } from './form'
import type { SectionProps } from './home'
import { fill, t } from './page'
import { Panel, when } from './panel'
import { deviceName } from '../src/lib/deviceName'

export function Sessions({ user, changed }: SectionProps) {
  const { sessions } = user
  return (
    <Panel title={t.sessions} state={String(sessions.length)}>
      <ul class="items">
        {sessions.map(({ id, current, userAgent, ipAddress, lastSeenAt }) => (
          <li key={id}>
            <strong>{nameOf(userAgent)}</strong>
            <span class="hint">
              {current ? t.thisDevice : fill(t.lastUsed, { date: when(lastSeenAt) })} · <bdi>{ipAddress}</bdi>
            </span>
            {!current && (
              <Form
                button={t.signOutDevice}
                kind="secondary"
                action={async () => {
                  const result = await call('revokeSession', { sessionId: id })
                  if (!result.ok) return result.failure
                  await changed(t.deviceSignedOut)
                  return null
                }}
              />
            )}
          </li>
        ))}
      </ul>
      {sessions.length > 1 && (
        <Form
          button={t.signOutOthers}
          action={async () => {
            const result = await call('revokeOtherSessions')
            if (!result.ok) return result.failure
            await changed(t.othersSignedOut)
            return null
          }}
        />
      )}
    </Panel>
  )
}

function nameOf(userAgent: string | null): string {
  if (userAgent === null) return t.unknownDevice
  return deviceName(userAgent) ?? userAgent.slice(0, 60)
}
