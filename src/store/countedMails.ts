import type { OneTimePurpose } from '../generated/prisma/client'
import type { Queryable, Transaction } from './database'

export interface MailToCount {
  id: string
  recipient: string
  /** A keyed digest of the recipient: the address itself is not kept. */
  recipientKey: Buffer<ArrayBuffer>
  kind: string
  /** The link that it carries; null for a mail whose link has no token, and always works. */
  link: { userId: string; purpose: OneTimePurpose } | null
  now: Date
  /** Not before the hour is over that it counts in, nor before its link is dead. */
  expiresAt: Date
}

/**
 * Counts a mail toward the quota of its address and kind, for as long as the transaction is not undone. Beyond `max` since
 * `since` it is refused only while a link of that kind that was mailed before is alive: who asks ends with a live link.
 * A mail that was counted before is being retried. True where it may be sent.
 */
export async function countMail(
  tx: Transaction,
  mail: MailToCount,
  { max, since }: { max: number; since: Date },
): Promise<boolean> {
  const { id, recipientKey, kind, now: createdAt, expiresAt } = mail
  // Two mails of one kind to one address are counted one after the other.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`${kind} ${recipientKey.toString('hex')}`}, 0))`
  if ((await tx.countedMail.count({ where: { id } })) > 0) return true
  const counted = await tx.countedMail.count({ where: { recipientKey, kind, createdAt: { gt: since } } })
  if (counted >= max && (await hasLiveLink(tx, mail))) return false
  await tx.countedMail.create({ data: { id, recipientKey, kind, createdAt, expiresAt } })
  return true
}

/** Only what was mailed counts, and not, say, the reset token of a followed verification link. */
async function hasLiveLink(tx: Transaction, { recipient, link, now }: MailToCount): Promise<boolean> {
  if (!link) return true
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM one_time_tokens t JOIN counted_mails c ON c.id = t.id
    WHERE t.user_id = ${link.userId}::uuid AND t.purpose = ${link.purpose}::one_time_purpose AND t.email = ${recipient}
      AND t.used_at IS NULL AND t.expires_at > ${now}
    LIMIT 1`
  return rows.length > 0
}

/** A mail that is not sent after all counts no more. */
export async function uncountMail(db: Queryable, id: string): Promise<void> {
  await db.countedMail.deleteMany({ where: { id } })
}
