import { deviceName } from '../lib/deviceName'
import { clientOfChange } from '../store/auditEvents'
import type { QueuedMail } from '../store/outbox'
import { type ComposeParts, type ComposedMail, render } from './composedMail'

/** The events that each mail tells of. */
const EVENTS = {
  passwordChanged: ['password_changed', 'password_reset'],
  emailChanged: ['email_changed'],
  sessionEnded: ['refresh_token_reused'],
} as const

/** The mail about a change that its owner may not have made: it says by which device, as far as that is known. */
export async function changeMail(
  { database, config, content }: ComposeParts,
  mail: QueuedMail,
  name: keyof typeof EVENTS,
): Promise<ComposedMail> {
  const { user, userId, recipient, createdAt: at } = mail
  const types = EVENTS[name]
  const client = userId === null ? null : await clientOfChange(database.prisma, { userId, types, at })
  const change = {
    ...{ displayName: user?.displayName ?? null, at, ipAddress: client?.ipAddress ?? null },
    // Never the User-Agent itself: whoever made the change writes it.
    device: deviceName(client?.userAgent ?? null),
  }
  const locale = user?.locale ?? mail.locale
  if (name !== 'emailChanged')
    return render({ config, content }, name, { payload: { ...change, account: recipient }, locale })
  // The former address may belong to somebody else by now.
  const newAddress = user?.email === recipient ? recipient : null
  return render({ config, content }, name, { payload: { ...change, newAddress }, locale })
}
