import { KNOWN_DEVICE } from '../config/defaults'
import { deviceName } from '../lib/deviceName'
import { findDeviceOfMail } from '../store/knownDevices'
import type { QueuedMail } from '../store/outbox'
import { type ComposeParts, type ComposedMail, type SkippedMail, linkOf, render } from './composedMail'
import { storedToken } from './linkToken'

/** The mail about a login from a new device, with the link that rejects it. Skipped once the login was rejected. */
export async function newDeviceMail(parts: ComposeParts, mail: QueuedMail): Promise<ComposedMail | SkippedMail> {
  const { user } = mail
  if (!user) return { skipped: 'noRecipient' }
  if (user.disabledAt) return { skipped: 'disabled' }
  const device = await findDeviceOfMail(parts.database.prisma, mail.id)
  if (!device?.tokenHash) return { skipped: 'alreadyDone' }

  const { session } = device
  const token = storedToken(parts, 'REJECT_LOGIN', { id: device.id, tokenHash: device.tokenHash })
  const payload = {
    ...{ displayName: user.displayName, at: mail.createdAt, expiresIn: KNOWN_DEVICE.linkLife },
    // Never the User-Agent itself: whoever logs in writes it.
    device: deviceName(session?.userAgent ?? null),
    ipAddress: session?.ipAddress ?? null,
    link: linkOf(parts, 'rejectLogin', token),
  }
  return { ...render(parts, 'newDeviceLogin', { payload, locale: user.locale }), token }
}
