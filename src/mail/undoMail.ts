import type { FormerEmail } from '../store/formerEmails'
import type { QueuedMail } from '../store/outbox'
import { type ComposeParts, type ComposedMail, type SkippedMail, linkOf, render } from './composedMail'
import { consumeMailQuota } from './consumeMailQuota'
import { storedToken } from './linkToken'

const DAY = 86_400_000

/**
 * The mail to the address that an account had before a change, with the link that restores it. It is sent once, and repeated
 * where somebody registers the address or asks for a link or code to it: then within a quota.
 */
export async function undoMail(
  parts: ComposeParts,
  { mail, former, isRepeated }: { mail: QueuedMail; former: FormerEmail; isRepeated: boolean },
): Promise<ComposedMail | SkippedMail> {
  const { user } = former
  if (user.disabledAt) return { skipped: 'disabled' }
  const counted = { mail, kind: 'undoEmailChange' as const, link: null }
  const capped = isRepeated ? await consumeMailQuota(parts, counted, () => Promise.resolve(null)) : null
  if (capped) return capped

  const token = storedToken(parts, 'UNDO_EMAIL_CHANGE', former)
  const payload = {
    ...{ displayName: user.displayName, at: former.changedAt, expiresIn: lifeLeft(former, mail) },
    link: linkOf(parts, 'undoEmailChange', token),
  }
  return { ...render(parts, 'undoEmailChange', { payload, locale: user.locale }), token }
}

/** Milliseconds from the creation of the mail's row, in whole days where there are several. */
function lifeLeft({ expiresAt }: FormerEmail, { createdAt }: QueuedMail): number {
  const left = expiresAt.getTime() - createdAt.getTime()
  return left < 2 * DAY ? left : Math.floor(left / DAY) * DAY
}
