import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from './database'
import type { MAIL_MARKUP } from '../generated/mails'
import type { OneTimePurpose } from '../generated/prisma/client'
import { traceparent } from '../ops/tracing'

/** The requests whose mail carries a link. */
export const LINK_MAILS = [
  'verifyEmail',
  'resendVerification',
  'resetPassword',
  'invitation',
  'confirmEmailChange',
] as const satisfies readonly MailRequest[]

/**
 * The name in a row. The template is chosen, or the mail skipped, only when it is sent: so no row is named
 * `alreadyRegistered`, and `resendVerification` has no template.
 */
export type MailRequest = Exclude<keyof typeof MAIL_MARKUP, 'alreadyRegistered'> | 'resendVerification'

export interface NewMail {
  /** Omitted: a new one. */
  id?: string
  name: MailRequest
  recipient: string
  userId?: string | null
  registrationId?: string | null
  /** The challenge whose code the mail carries. */
  challengeId?: string | null
  locale: string
  /** Where the link leads: one of REDIRECT_URLS. */
  redirect?: string | null
  now: Date
  /**
   * By the clock of the instance, like `created_at`, from which the link's life is counted: the mail expires with its link.
   * Instances whose clocks differ judge it that much too early or too late.
   */
  expiresAt: Date
}

/** Inserts a mail into the outbox, due immediately by the database's clock. It commits with the change that causes it. */
export async function queueMail(tx: Transaction, mail: NewMail): Promise<string> {
  const { id = uuidv7(), name, recipient, locale, now, expiresAt, userId = null, registrationId = null } = mail
  const { challengeId = null, redirect = null } = mail
  await tx.$executeRaw`
    INSERT INTO mails (id, name, recipient, user_id, registration_id, challenge_id, locale, redirect, created_at,
      expires_at, due_at, traceparent)
    VALUES (${id}::uuid, ${name}, ${recipient}, ${userId}::uuid, ${registrationId}::uuid, ${challengeId}::uuid,
      ${locale}, ${redirect}, ${now}, ${expiresAt}, now(), ${traceparent()})`
  return id
}

/** The name may be one that only a newer release knows. */
export function findMail(db: Queryable, id: string) {
  return db.mail.findUnique({ where: { id }, include: { user: true, registration: true, challenge: true } })
}
export type QueuedMail = NonNullable<Awaited<ReturnType<typeof findMail>>>

/** Deletes a mail that was sent. */
export async function deleteMail(db: Queryable, id: string): Promise<void> {
  await db.mail.deleteMany({ where: { id } })
}

/** Uncounts and deletes a mail that is not sent; in this order, so that after a crash in between it is retried. */
export async function dropMail(db: Queryable, id: string): Promise<void> {
  await uncountMail(db, id)
  await deleteMail(db, id)
}

/** Deletes expired mails, except those being sent, and returns their names. */
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

/** Deletes the queued mails to the address of a deleted account, including requests that name no account. */
export async function dropMailsTo(db: Queryable, recipient: string): Promise<number> {
  const { count } = await db.mail.deleteMany({ where: { recipient } })
  return count
}

/** The number of queued mails, and the age of the oldest in milliseconds (0 if there is none). */
export async function queueState(db: Queryable, now: Date): Promise<{ waiting: number; oldestAge: number }> {
  const { _count, _min } = await db.mail.aggregate({ _count: true, _min: { createdAt: true } })
  return { waiting: _count, oldestAge: _min.createdAt ? Math.max(0, now.getTime() - _min.createdAt.getTime()) : 0 }
}

export interface MailToCount {
  id: string
  recipient: string
  /** A keyed digest of the recipient: the address itself is not stored. */
  recipientKey: Buffer<ArrayBuffer>
  kind: string
  /** The mail's link; null if it has no token, and so never expires. */
  link: { userId: string; purpose: OneTimePurpose } | null
  now: Date
  /** Not before its quota window has ended, nor before its link has expired. */
  expiresAt: Date
}

/**
 * Counts a mail toward the quota of its address and kind, unless the transaction is rolled back. True if it may be sent.
 * Beyond `max` since `since` it is skipped only while an earlier mailed link of its kind is valid, so that the owner always
 * has a valid link. A mail that is already counted is a retry.
 */
export async function countMail(
  tx: Transaction,
  mail: MailToCount,
  { max, since }: { max: number; since: Date },
): Promise<boolean> {
  const { id, recipientKey, kind, now: createdAt, expiresAt } = mail
  // Serializes the counting of mails of one kind to one address.
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`${kind} ${recipientKey.toString('hex')}`}, 0))`
  if ((await tx.countedMail.count({ where: { id } })) > 0) return true
  const counted = await tx.countedMail.count({ where: { recipientKey, kind, createdAt: { gt: since } } })
  if (counted >= max && (await hasLiveLink(tx, mail))) return false
  await tx.countedMail.create({ data: { id, recipientKey, kind, createdAt, expiresAt } })
  return true
}

/** Only mailed links count, unlike the reset token that a verification link is exchanged for. */
async function hasLiveLink(tx: Transaction, { recipient, link, now }: MailToCount): Promise<boolean> {
  if (!link) return true
  const rows = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM one_time_tokens t JOIN counted_mails c ON c.id = t.id
    WHERE t.user_id = ${link.userId}::uuid AND t.purpose = ${link.purpose}::one_time_purpose AND t.email = ${recipient}
      AND t.used_at IS NULL AND t.expires_at > ${now}
    LIMIT 1`
  return rows.length > 0
}

/** Uncounts a mail that is not sent. */
async function uncountMail(db: Queryable, id: string): Promise<void> {
  await db.countedMail.deleteMany({ where: { id } })
}
