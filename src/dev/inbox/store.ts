import { randomUUID } from 'node:crypto'
import { access, constants, mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { OutgoingMail } from '../../mail/smtpTransport'

/** Mails that are kept: more of them nobody reads again. */
const CAPACITY = 1_000

const inboxMail = z.object({
  id: z.string(),
  sentAt: z.coerce.date(),
  to: z.string(),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  /** The message as SMTP would carry it. */
  source: z.string(),
  token: z.string().nullable(),
})
export type InboxMail = z.infer<typeof inboxMail>

export interface Inbox {
  deliver(message: OutgoingMail, source: string): Promise<void>
  /** Newest first; of one recipient where `to` is given. */
  list(to?: string, limit?: number): Promise<InboxMail[]>
  find(id: string): Promise<InboxMail | null>
  /** Throws where the folder cannot be written. */
  verify(): Promise<void>
}

/**
 * Where mails arrive while no mail server is set: a folder with a file for each, so that they outlive a restart and
 * every instance with that folder shows the same ones. Files are for their owner alone: they hold live links.
 */
export function createInbox(dir: string): Inbox {
  let lastTime = 0

  return { deliver, list, find, verify }

  async function deliver(message: OutgoingMail, source: string): Promise<void> {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    // Sorting the names sorts the mails: each is later than the one before it, even within a millisecond.
    lastTime = Math.max(Date.now(), lastTime + 1)
    const id = `${lastTime.toString().padStart(15, '0')}-${randomUUID()}`
    const { to, subject, text, html, token } = message
    const mail: InboxMail = { id, sentAt: new Date(lastTime), to, subject, text, html, source, token }
    const unfinished = join(dir, `${id}.tmp`)
    await writeFile(unfinished, JSON.stringify(mail), { mode: 0o600 })
    await rename(unfinished, join(dir, `${id}.json`))
    for (const name of (await names()).slice(CAPACITY)) await rm(join(dir, name), { force: true })
  }

  async function list(to?: string, limit = CAPACITY): Promise<InboxMail[]> {
    const found: InboxMail[] = []
    for (const name of await names()) {
      const mail = await read(name)
      if (mail && (to === undefined || mail.to === to)) found.push(mail)
      if (found.length >= limit) break
    }
    return found
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

/** For `catch`: another value where a file is not there, and whatever else went wrong as it is. */
function absent<Value>(otherwise: () => Value): (error: NodeJS.ErrnoException) => Value {
  return (error) => {
    if (error.code !== 'ENOENT') throw error
    return otherwise()
  }
}
