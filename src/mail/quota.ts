import { MAIL } from '../config/defaults'
import type { MailTokenPurpose } from '../crypto/opaqueToken'
import { type Secrets, hmac } from '../crypto/secrets'
import { type Clock, later } from '../lib/clock'
import { countMail } from '../store/countedMails'
import type { Database, Transaction } from '../store/database'
import type { QueuedMail } from '../store/mails'
import type { MailName } from './mails'

interface QuotaParts {
  database: Database
  secrets: Secrets
  clock: Clock
}

interface CountedMail {
  mail: QueuedMail
  /** The mail that it becomes: each kind has a quota of its own, so that none can be spent by asking for another. */
  kind: MailName
  link: { userId: string; purpose: MailTokenPurpose; expiresIn: number } | null
}

/**
 * Counts a mail that anybody can cause, in the transaction that stores its link. Decided here and not where the mail was
 * asked for: only now is it known which kind it is and whether it is sent at all, and asking stays the same work.
 */
export function withinQuota<T>(
  { database, secrets, clock }: QuotaParts,
  { mail, kind, link }: CountedMail,
  store: (tx: Transaction) => Promise<T>,
): Promise<T | { dropped: 'capped' }> {
  const { id, recipient, createdAt } = mail
  const now = clock.now()
  const hourEnds = later(now, MAIL.quotaWindow)
  const linkDies = later(createdAt, link?.expiresIn ?? 0)
  const counted = {
    ...{ id, recipient, kind, link, now },
    recipientKey: Buffer.from(hmac(secrets.key('budget-key'), `mail:${recipient}`)),
    expiresAt: linkDies > hourEnds ? linkDies : hourEnds,
  }
  const quota = { max: MAIL.perAddressHour, since: later(now, -MAIL.quotaWindow) }
  return database.transaction(async (tx) =>
    (await countMail(tx, counted, quota)) ? store(tx) : { dropped: 'capped' as const },
  )
}
