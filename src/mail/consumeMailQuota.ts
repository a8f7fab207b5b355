import { MAIL } from '../config/defaults'
import type { MailTokenPurpose } from '../crypto/opaqueToken'
import { type Secrets, hmac } from '../crypto/secrets'
import { type Clock, later } from '../lib/clock'
import type { Database, Transaction } from '../store/database'
import { type QueuedMail, countMail } from '../store/outbox'
import type { MailName } from './templates'

interface QuotaParts {
  database: Database
  secrets: Secrets
  clock: Clock
}

interface CountedMail {
  mail: QueuedMail
  /** Each kind has its own quota, so that requests for one kind cannot spend that of another. */
  kind: MailName
  link: { userId: string; purpose: MailTokenPurpose; expiresIn: number } | null
}

/**
 * Counts a mail that strangers can request, in the transaction that stores its link. Counted here and not when the mail
 * is queued: only now its kind is known, and a request costs the same for every address.
 */
export function consumeMailQuota<T>(
  { database, secrets, clock }: QuotaParts,
  { mail, kind, link }: CountedMail,
  storeLink: (tx: Transaction) => Promise<T>,
): Promise<T | { skipped: 'capped' }> {
  const { id, recipient, createdAt } = mail
  const now = clock.now()
  const hourEnds = later(now, MAIL.quotaWindow)
  const linkExpires = later(createdAt, link?.expiresIn ?? 0)
  const counted = {
    ...{ id, recipient, kind, link, now },
    recipientKey: Buffer.from(hmac(secrets.key('budget-key'), `mail:${recipient}`)),
    expiresAt: linkExpires > hourEnds ? linkExpires : hourEnds,
  }
  const quota = { max: MAIL.perAddressHour, since: later(now, -MAIL.quotaWindow) }
  return database.transaction(async (tx) =>
    (await countMail(tx, counted, quota)) ? storeLink(tx) : { skipped: 'capped' as const },
  )
}
