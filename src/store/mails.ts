import { v7 as uuidv7 } from 'uuid'
import type { Queryable, Transaction } from './database'

/** The graphile-worker task that sends one mail; its job's payload is `{"mailId"}` and nothing else. */
export const SEND_MAIL_TASK = 'send_mail'

export interface NewMail {
  /** What is to be sent (mail/prepare.ts decides which mail of mail/mails.ts it becomes). */
  name: string
  recipient: string
  userId?: string | null
  registrationId?: string | null
  locale: string
  now: Date
  expiresAt: Date
}

/** Puts a mail into the outbox and its job into the queue: both commit with the change they tell of, or neither does. */
export async function queueMail(tx: Transaction, mail: NewMail): Promise<string> {
  const id = uuidv7()
  const { name, recipient, locale, now, expiresAt, userId = null, registrationId = null } = mail
  await tx.mail.create({ data: { id, name, recipient, userId, registrationId, locale, createdAt: now, expiresAt } })
  // One job per mail: the key lets a retry replace it and a purge remove it.
  await tx.$executeRaw`SELECT graphile_worker.add_job(${SEND_MAIL_TASK}, json_build_object('mailId', ${id}::text), job_key => ${`mail:${id}`})`
  return id
}

export function findMail(db: Queryable, id: string) {
  return db.mail.findUnique({ where: { id }, include: { user: true, registration: true } })
}
export type QueuedMail = NonNullable<Awaited<ReturnType<typeof findMail>>>

/**
 * Sets the next try of a mail, `delay` milliseconds from now. The new job takes over the key of the one that runs, in one
 * statement with the count, so that a crash loses neither. Nothing happens to a mail that was dropped meanwhile.
 */
export async function postponeMail(
  db: Queryable,
  id: string,
  next: { attempts: number; delay: number },
): Promise<void> {
  await db.$executeRaw`
    WITH mail AS (UPDATE mails SET attempts = ${next.attempts} WHERE id = ${id}::uuid RETURNING id::text)
    SELECT graphile_worker.add_job(${SEND_MAIL_TASK}, json_build_object('mailId', mail.id),
      run_at => now() + ${Math.round(next.delay)}::int * interval '1 millisecond', job_key => 'mail:' || mail.id)
    FROM mail`
}

/** Makes every waiting mail due at once: the mail server is back. */
export async function makeMailsDue(db: Queryable): Promise<void> {
  await db.$executeRaw`
    SELECT graphile_worker.reschedule_jobs(
      ARRAY(SELECT id FROM graphile_worker.jobs WHERE task_identifier = ${SEND_MAIL_TASK} AND locked_at IS NULL AND run_at > now()),
      run_at => now())`
}

export async function deleteMail(db: Queryable, id: string): Promise<void> {
  await db.mail.deleteMany({ where: { id } })
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
