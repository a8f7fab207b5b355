import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from './database'
import type { MAIL_MARKUP } from '../generated/mails'
import type { OneTimePurpose } from '../generated/prisma/client'

/** The requests whose mail carries a link. */
export const LINK_MAILS = [
  'verifyEmail',
  'resendVerification',
  'resetPassword',
  'confirmEmailChange',
] as const satisfies readonly MailRequest[]

/**
 * What a row asks for. Which mail it becomes, or none, is decided when it is sent: so no row asks for `alreadyRegistered`,
 * and `resendVerification` has no template.
 */
export type MailRequest = Exclude<keyof typeof MAIL_MARKUP, 'alreadyRegistered'> | 'resendVerification'

export interface NewMail {
  name: MailRequest
  recipient: string
  userId?: string | null
  registrationId?: string | null
  locale: string
  now: Date
  expiresAt: Date
}

/** Puts a mail into the outbox, due immediately by the database's clock. It commits with the change that it reports. */
export async function queueMail(tx: Transaction, mail: NewMail): Promise<string> {
  const id = uuidv7()
  const { name, recipient, locale, now, expiresAt, userId = null, registrationId = null } = mail
  await tx.$executeRaw`
    INSERT INTO mails (id, name, recipient, user_id, registration_id, locale, created_at, expires_at, due_at)
    VALUES (${id}::uuid, ${name}, ${recipient}, ${userId}::uuid, ${registrationId}::uuid, ${locale}, ${now}, ${expiresAt}, now())`
  return id
}

/** The name may be one that only a newer release knows. */
export function findMail(db: Queryable, id: string) {
  return db.mail.findUnique({ where: { id }, include: { user: true, registration: true } })
}
export type QueuedMail = NonNullable<Awaited<ReturnType<typeof findMail>>>

/** Deletes a mail that was sent. */
export async function deleteMail(db: Queryable, id: string): Promise<void> {
  await db.mail.deleteMany({ where: { id } })
}

/** Deletes a mail that is not sent, and what it was counted as: in this order, so that a crash between leaves it to a retry. */
export async function dropMail(db: Queryable, id: string): Promise<void> {
  await uncountMail(db, id)
  await deleteMail(db, id)
}

/** Deletes the mails that are of no use any more, save those being sent, and returns their names. */
export async function deleteExpiredMails(db: Queryable, now: Date): Promise<string[]> {
  const rows = await db.$queryRaw<{ name: string }[]>`
    WITH expired AS (
      DELETE FROM mails WHERE expires_at <= ${now} AND (leased_until IS NULL OR leased_until <= now()) RETURNING id, name
    ), uncounted AS (
      DELETE FROM counted_mails USING expired WHERE counted_mails.id = expired.id
    )
    SELECT name FROM expired`
  return rows.map(({ name }) => name)
}

/** Drops the waiting mails of an address, whoever they belong to: it has left. */
export async function dropMailsTo(db: Queryable, recipient: string): Promise<number> {
  const { count } = await db.mail.deleteMany({ where: { recipient } })
  return count
}

/** How many mails wait, and the age of the oldest in milliseconds (0 when none waits). */
export async function queueState(db: Queryable, now: Date): Promise<{ waiting: number; oldestAge: number }> {
  const { _count, _min } = await db.mail.aggregate({ _count: true, _min: { createdAt: true } })
  return { waiting: _count, oldestAge: _min.createdAt ? Math.max(0, now.getTime() - _min.createdAt.getTime()) : 0 }
}

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
async function uncountMail(db: Queryable, id: string): Promise<void> {
  await db.countedMail.deleteMany({ where: { id } })
}
