import { createTransport } from 'nodemailer'
import { MAIL } from '../config/defaults'
import { isLoopback } from '../config/values'
import { canonicalEmail } from '../lib/emailAddress'
import { createSmtpSockets } from './smtpSockets'

export interface OutgoingMail {
  /** `<id@host>`: the same for every attempt, so that mail programs recognise a duplicate. */
  messageId: string
  /** One plain address. */
  to: string
  subject: string
  html: string
  text: string
  /** The token of its link, for the development inbox. */
  token: string | null
  /** The code in its text, for the development inbox. */
  code: string | null
}

export interface MailTransport {
  /** Resolves once the server has accepted the mail. */
  send(message: OutgoingMail): Promise<void>
  /** Throws if the server cannot be used. */
  verify(): Promise<void>
  /** Closes all connections, also those that are sending. */
  close(): Promise<void>
}

/** Who a mail is from, as in `Name <no-reply@example.com>`, and where answers go: null: there too. */
export interface Sender {
  from: string
  replyTo: string | null
}

interface SmtpOptions extends Sender {
  /** smtp: or smtps: */
  url: string
  /** The client's name in EHLO: a host name or an address literal. */
  name: string
  production: boolean
  /** Milliseconds; for tests. */
  connectionTimeout?: number
  greetingTimeout?: number
  socketTimeout?: number
}

/** Whatever a mail contains, nodemailer reads no file and fetches no URL to build it. */
const NO_EXTERNAL_CONTENT = { disableFileAccess: true, disableUrlAccess: true, logger: false as const }

/** Sends by SMTP over a few pooled connections. Except to loopback, certificates are checked, and production always encrypts (RFC 8314). */
export function createSmtpTransport(options: SmtpOptions): MailTransport {
  const { greetingTimeout = MAIL.greetingTimeout, socketTimeout = MAIL.socketTimeout } = options
  const { connectionTimeout = MAIL.connectionTimeout } = options
  const sockets = createSmtpSockets(connectionTimeout)
  const probeSockets = createSmtpSockets(Math.min(connectionTimeout, MAIL.probeConnectionTimeout))
  const server = {
    ...serverOf(options),
    ...{ name: options.name, greetingTimeout, socketTimeout },
    // nodemailer's timeout includes our own connecting and the greeting: see smtpSockets.ts.
    connectionTimeout: connectionTimeout + greetingTimeout,
  }
  const sender = createTransport({
    ...server,
    pool: true,
    maxConnections: MAIL.concurrency,
    // An idle pooled connection may be dead: try one new connection. Further attempts are up to the outbox.
    maxRequeues: 1,
    getSocket: sockets.open,
  })
  const probe = createTransport({ ...server, getSocket: probeSockets.open })
  return {
    send: async (message) => {
      await sender.sendMail(mimeOf(message, options))
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

/** The message as RFC 5322 text. */
export async function sourceOf(message: OutgoingMail, sender: Sender): Promise<string> {
  const stream = createTransport({ streamTransport: true, buffer: true, ...NO_EXTERNAL_CONTENT })
  const { message: source } = await stream.sendMail(mimeOf(message, sender))
  if (!Buffer.isBuffer(source)) throw new Error('The message was not built in memory')
  return source.toString()
}

/** Takes parts of the URL and not the URL: nodemailer reads options from its query, which could disable certificate checks. */
export function serverOf({ url, production }: Pick<SmtpOptions, 'url' | 'production'>) {
  const { protocol, hostname, port, username, password } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const secure = protocol === 'smtps:'
  const remote = !isLoopback(host)
  return {
    ...NO_EXTERNAL_CONTENT,
    host,
    secure,
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    requireTLS: production && remote && !secure,
    tls: { rejectUnauthorized: remote, minVersion: 'TLSv1.2' as const },
    ...(username !== '' && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
  }
}

/**
 * nodemailer parses addresses as lists with names, comments and groups, even in an envelope, so any but a canonical address
 * throws. That recipient is the only user input in a header.
 */
function mimeOf({ messageId, to, subject, html, text }: OutgoingMail, { from, replyTo }: Sender) {
  if (canonicalEmail(to) !== to) throw new Error('The recipient is not one canonical address')
  const sender = mailboxOf(from)
  return {
    from: sender,
    ...(replyTo !== null && { replyTo: mailboxOf(replyTo) }),
    to: { name: '', address: to },
    envelope: { from: sender.address, to: [to] },
    subject,
    html,
    text,
    messageId,
    // RFC 3834: prevents out-of-office replies and other automatic answers.
    headers: { 'Auto-Submitted': 'auto-generated' },
    xMailer: false as const,
  }
}

/** Splits MAIL_FROM and REPLY_TO here: nodemailer would split a name at a comma. */
function mailboxOf(text: string): { name: string; address: string } {
  const [, name = '', address = text] = /^(.*)<([^<>]+)>$/.exec(text) ?? []
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), address }
}
