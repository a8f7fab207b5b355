import { v7 as uuidv7 } from 'uuid'
import { uncountMail } from './countedMails'
import type { Queryable, Transaction } from './database'

export interface NewMail {
  /** What is to be sent (mail/composeMail.ts decides which mail of mail/templates.ts it becomes). */
  name: string
  recipient: string
  userId?: string | null
  registrationId?: string | null
  locale: string
  now: Date
  expiresAt: Date
}

/** Puts a mail into the outbox, due at once by the database's clock. It commits with the change that it reports. */
export async function queueMail(tx: Transaction, mail: NewMail): Promise<string> {
  const id = uuidv7()
  const { name, recipient, locale, now, expiresAt, userId = null, registrationId = null } = mail
  await tx.$executeRaw`
    INSERT INTO mails (id, name, recipient, user_id, registration_id, locale, created_at, expires_at, due_at)
    VALUES (${id}::uuid, ${name}, ${recipient}, ${userId}::uuid, ${registrationId}::uuid, ${locale}, ${now}, ${expiresAt}, now())`
  return id
}

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
