import type { ClientInfo, Deps } from './deps'
import { commit } from './steps/commit'
import { readToken } from './steps/readMailedToken'
import { KNOWN_DEVICE } from '../config/defaults'
import { digest } from '../crypto/opaqueToken'
import { ExpiredTokenError, InvalidTokenError } from '../errors/userErrors'
import { later } from '../lib/clock'
import { clearPendingEmail } from '../store/emailChanges'
import { type KnownDevice, findDeviceByToken, rejectDevice, revokeSessionsOfDevice } from '../store/knownDevices'
import { invalidateLinks } from '../store/oneTimeTokens'
import { queueMail } from '../store/outbox'
import { lockUser } from '../store/users'

type Needs = Pick<Deps, 'clock' | 'config' | 'database' | 'sessionCache'>

/**
 * Redeems the link in the mail about a login from a new device: the login was not the owner's. Ends its session, and those
 * that the same device began since, cancels a pending change of address, invalidates all links, and mails one to choose a new
 * password. The device is new again at its next login. It logs nobody in. Throws ExpiredTokenError, or InvalidTokenError.
 */
export async function rejectLogin(
  deps: Needs,
  client: ClientInfo,
  input: { token: string },
): Promise<{ email: string }> {
  const device = await readRejectToken(deps, input.token)
  const { userId, user } = device
  const email = await commit(deps, client, async (tx, now) => {
    const locked = await lockUser(tx, userId)
    if (!locked || !(await rejectDevice(tx, device))) throw new InvalidTokenError()
    const endedSessionIds = await revokeSessionsOfDevice(tx, device, now)
    const { email: recipient } = locked
    // Whoever logged in may have asked to move the account: that link needs no session.
    await clearPendingEmail(tx, userId)
    await invalidateLinks(tx, { userId, addresses: [recipient] })
    const expiresAt = later(now, deps.config.resetTokenTtl)
    await queueMail(tx, { name: 'resetPassword', recipient, locale: user.locale, now, expiresAt })
    const details = { sessions: endedSessionIds.length }
    return {
      result: recipient,
      event: { type: 'login_rejected', userId, details, endedSessionIds },
      invalidate: endedSessionIds.map((id) => ({ kind: 'session', id })),
    }
  })
  return { email }
}

async function readRejectToken({ database, clock }: Needs, text: string): Promise<KnownDevice> {
  const found = await findDeviceByToken(database.prisma, digest(readToken(text)))
  if (!found || found.user.disabledAt) throw new InvalidTokenError()
  if (later(found.createdAt, KNOWN_DEVICE.linkLife) <= clock.now()) throw new ExpiredTokenError()
  return found
}
