import { MAIL } from '../../config/defaults'
import { later } from '../../lib/clock'
import type { Transaction } from '../../store/database'
import { queueMail } from '../../store/outbox'

interface Deleted {
  email: string
  locale: string
  /** Addresses that the account had until some days ago: whoever took it over has changed it to another. */
  formerEmails: readonly string[]
}

/** Queues the last mails of a deleted account: to its address, and to those that it had until some days ago. */
export async function queueDeletionNotices(
  tx: Transaction,
  { email, locale, formerEmails }: Deleted,
  now: Date,
): Promise<void> {
  const expiresAt = later(now, MAIL.noticeLife)
  for (const recipient of [email, ...formerEmails])
    await queueMail(tx, { name: 'accountDeleted', recipient, locale, now, expiresAt })
}
