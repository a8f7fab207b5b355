import { randomUUID } from 'node:crypto'
import { access, constants, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { OutgoingMail } from '../../mail/smtpTransport'

/** The number of mails that are kept; the oldest are deleted. */
const CAPACITY = 1_000

const inboxMail = z.object({
  id: z.string(),
  sentAt: z.coerce.date(),
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  /** The message as sent by SMTP. */
  source: z.string(),
  token: z.string().nullable(),
  /** Mails that were stored by an earlier release have none. */
  code: z.string().nullable().default(null),
})
export type InboxMail = z.infer<typeof inboxMail>

export interface Inbox {
  deliver(message: OutgoingMail, source: string): Promise<void>
  /** Newest first. */
  list(wanted?: WantedMails): Promise<InboxMail[]>
  find(id: string): Promise<InboxMail | null>
  /** Deletes every mail. */
  clear(): Promise<void>
  /** Throws if the folder is not writable. */
  verify(): Promise<void>
}

export interface WantedMails {
  /** This recipient's only. */
  to?: string
  /** Those only that have these words in their subject, text part or recipient, in any case. */
  search?: string
  limit?: number
}

/**
 * Stores mails if no mail server is configured: one file each in a folder, so that they survive a restart and instances with
 * the same folder show the same ones. Only the owner may read the files: they contain valid links.
 */
export function createInbox(dir: string): Inbox {
  let lastTime = 0

  return { deliver, list, find, clear, verify }

  async function deliver(message: OutgoingMail, source: string): Promise<void> {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    // Names sort like the mails: each has a later time than the one before, even within a millisecond.
    lastTime = Math.max(Date.now(), lastTime + 1)
    const id = `${lastTime.toString().padStart(15, '0')}-${randomUUID()}`
    const { to, subject, text, html, token, code } = message
    const mail: InboxMail = { id, sentAt: new Date(lastTime), to, subject, text, html, source, token, code }
    const unfinished = join(dir, `${id}.tmp`)
    await writeFile(unfinished, JSON.stringify(mail), { mode: 0o600 })
    await rename(unfinished, join(dir, `${id}.json`))
    for (const name of (await names()).slice(CAPACITY)) await rm(join(dir, name), { force: true })
  }

  async function list({ to, search = '', limit = CAPACITY }: WantedMails = {}): Promise<InboxMail[]> {
    const found: InboxMail[] = []
    for (const name of await names()) {
      const mail = await read(name)
      if (mail && (to === undefined || mail.to === to) && matches(mail, search)) found.push(mail)
      if (found.length >= limit) break
    }
    return found
  }

  async function clear(): Promise<void> {
    for (const name of await names()) await rm(join(dir, name), { force: true })
  }

  async function find(id: string): Promise<InboxMail | null> {
    return /^[\w-]+$/.test(id) ? read(`${id}.json`) : null
  }

  async function verify(): Promise<void> {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    await access(dir, constants.W_OK)
  }

  /** Newest first. */
  async function names(): Promise<string[]> {
    const entries = await readdir(dir).catch(absent(() => []))
    return entries
      .filter((name) => name.endsWith('.json'))
      .sort()
      .reverse()
  }

  async function read(name: string): Promise<InboxMail | null> {
    // Another instance may have removed it a moment ago.
    const content = await readFile(join(dir, name), 'utf8').catch(absent(() => null))
    return content === null ? null : inboxMail.parse(JSON.parse(content))
  }
}

function matches({ subject, text, to }: InboxMail, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/)
  const content = `${subject}\n${to}\n${text}`.toLowerCase()
  return words.every((word) => content.includes(word))
}

/** For `catch`: returns another value if a file does not exist, and rethrows any other error. */
function absent<Value>(otherwise: () => Value): (error: NodeJS.ErrnoException) => Value {
  return (error) => {
    if (error.code !== 'ENOENT') throw error
    return otherwise()
  }
}
