import { createTransport } from 'nodemailer'
import { MAIL } from '../config/defaults'
import { isLoopback } from '../config/values'
import { canonicalEmail } from '../lib/emailAddress'
import { createSmtpSockets } from './smtpSocket'

export interface OutgoingMail {
  /** `<id@host>`: the same for every try, so that a copy is known as one. */
  messageId: string
  /** One plain address. */
  to: string
  subject: string
  html: string
  text: string
  /** The token that its link carries, for the development inbox. */
  token: string | null
}

/** Takes a mail away, or throws. */
export interface MailTransport {
  send(message: OutgoingMail): Promise<void>
  /** Throws while nothing could be sent. */
  verify(): Promise<void>
  /** Ends what is under way. */
  close(): Promise<void>
}

interface SmtpOptions {
  /** smtp: or smtps: */
  url: string
  /** As in `Name <no-reply@example.com>`. */
  from: string
  /** What the server is greeted with: a host name or an address literal. */
  name: string
  production: boolean
  /** Milliseconds; for tests. */
  connectionTimeout?: number
  greetingTimeout?: number
  socketTimeout?: number
}

/** What to ask of nodemailer whatever a mail holds: no file is read and no address fetched to build it. */
const CLOSED = { disableFileAccess: true, disableUrlAccess: true, logger: false as const }

/** Sends by SMTP over a few kept connections. In production nothing leaves in clear, save to this very machine (RFC 8314). */
export function createSmtpTransport(options: SmtpOptions): MailTransport {
  const { greetingTimeout = MAIL.greetingTimeout, socketTimeout = MAIL.socketTimeout } = options
  const { connectionTimeout = MAIL.connectionTimeout } = options
  const sockets = createSmtpSockets(connectionTimeout)
  const probeSockets = createSmtpSockets(Math.min(connectionTimeout, MAIL.probeConnectionTimeout))
  const server = {
    ...serverOf(options),
    ...{ name: options.name, greetingTimeout, socketTimeout },
    // Counted from before our own connecting, and the greeting's limit as well: see smtpSocket.ts.
    connectionTimeout: connectionTimeout + greetingTimeout,
  }
  const sender = createTransport({
    ...server,
    pool: true,
    maxConnections: MAIL.concurrency,
    // A reused connection may have been dropped while idle: one new one. Further attempts are the outbox's.
    maxRequeues: 1,
    getSocket: sockets.open,
  })
  const probe = createTransport({ ...server, getSocket: probeSockets.open })
  return {
    send: async (message) => {
      await sender.sendMail(mimeOf(message, options.from))
    },
    verify: async () => {
      await probe.verify()
    },
    close: () => {
      sender.close({ force: true })
      sockets.close()
      probeSockets.close()
      return Promise.resolve()
    },
  }
}

/** The message as it goes over the wire: RFC 5322 text. */
export async function sourceOf(message: OutgoingMail, from: string): Promise<string> {
  const stream = createTransport({ streamTransport: true, buffer: true, ...CLOSED })
  const { message: source } = await stream.sendMail(mimeOf(message, from))
  if (!Buffer.isBuffer(source)) throw new Error('A message that was not built in memory')
  return source.toString()
}

/** Read from the URL's parts: its query could switch certificate checks off. */
export function serverOf({ url, production }: Pick<SmtpOptions, 'url' | 'production'>) {
  const { protocol, hostname, port, username, password } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const secure = protocol === 'smtps:'
  const strict = production && !isLoopback(host)
  return {
    ...CLOSED,
    host,
    secure,
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    requireTLS: strict && !secure,
    tls: { rejectUnauthorized: strict, minVersion: 'TLSv1.2' as const },
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
  }
}

/**
 * Mailers read an address as a list, with names, comments and groups, even one in an envelope: so only a canonical one
 * passes. No header holds what a user typed, save that one recipient. Throws for any other recipient.
 */
function mimeOf({ messageId, to, subject, html, text }: OutgoingMail, from: string) {
  if (canonicalEmail(to) !== to) throw new Error('A recipient that is not one canonical address')
  const sender = senderOf(from)
  return {
    from: sender,
    to: { name: '', address: to },
    envelope: { from: sender.address, to: [to] },
    subject,
    html,
    text,
    messageId,
    // RFC 3834: keeps out-of-office replies and other robots from answering.
    headers: { 'Auto-Submitted': 'auto-generated' },
    xMailer: false as const,
  }
}

/** A name may hold a comma, which a list of addresses would be split at. */
function senderOf(from: string): { name: string; address: string } {
  const [, name = '', address = from] = /^(.*)<([^<>]+)>$/.exec(from) ?? []
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), address }
}
