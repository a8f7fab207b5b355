import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'

export interface ReceivedMail {
  from: string
  /** The addresses of the envelope, one for each RCPT TO. */
  recipients: string[]
  parsed: ParsedMail
  source: string
  /** Whether the connection was encrypted. */
  secure: boolean
}

/** What the server does instead of taking a mail. Numbers answer RCPT TO. */
export type Behaviour = 'ok' | 'hang' | 'die-after-data' | 'busy-greeting' | 421 | 450 | 550

type Condition = (mail: ReceivedMail) => boolean

/** Waiting without sleeping: whoever changes something says so, and all that wait look again. */
export class Watched {
  private readonly waiters = new Set<() => void>()

  /** Resolves with what `find` finds: it is asked now, and whenever something happens. */
  until<Found>(find: () => Found | undefined): Promise<Found> {
    return new Promise((resolve) => {
      const check = () => {
        const found = find()
        if (found === undefined) return
        this.waiters.delete(check)
        resolve(found)
      }
      this.waiters.add(check)
      check()
    })
  }

  protected wake(): void {
    for (const check of [...this.waiters]) check()
  }
}

/** A real mail server on loopback that keeps what it takes. */
export class TestSmtpServer extends Watched {
  /** What was taken, oldest first. */
  readonly mails: ReceivedMail[] = []
  /** RCPT TO commands seen, whatever they were answered. */
  readonly attempts: string[] = []
  /** Message-IDs of messages that were read to their end, taken or not. */
  readonly messageIds: string[] = []
  behaviour: Behaviour = 'ok'
  /** For one recipient, instead of `behaviour`. */
  readonly behaviourOf = new Map<string, Behaviour>()
  port = 0

  private server: SMTPServer | null = null
  private readonly sockets = new Set<Socket>()

  constructor(private readonly options: SMTPServerOptions = {}) {
    super()
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`
  }

  /** Listens: on the port of before, once it had one. */
  async start(): Promise<this> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      disableReverseLookup: true,
      logger: false,
      closeTimeout: 100,
      onConnect: (_session, done) => {
        if (this.behaviour === 'hang') return
        done(this.behaviour === 'busy-greeting' ? refusal(421) : null)
      },
      onRcptTo: ({ address }, _session, done) => {
        this.attempts.push(address)
        this.wake()
        const behaviour = this.behaviourOf.get(address) ?? this.behaviour
        if (behaviour === 'hang') return
        done(typeof behaviour === 'number' ? refusal(behaviour) : null)
      },
      onData: (stream, session, done) => {
        void this.read(stream, session.secure, {
          from: session.envelope.mailFrom === false ? '' : session.envelope.mailFrom.address,
          recipients: session.envelope.rcptTo.map(({ address }) => address),
        }).then((accepted) => accepted && done(), done)
      },
      ...this.options,
    })
    server.on('error', () => undefined) // a client that goes without a word
    server.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket)
      socket.on('close', () => this.sockets.delete(socket))
    })
    server.listen(this.port, '127.0.0.1')
    await once(server.server, 'listening')
    this.port = (server.server.address() as AddressInfo).port
    this.server = server
    return this
  }

  /** Refuses connections from now on, and breaks those there are. */
  async stop(): Promise<void> {
    const server = this.server
    this.server = null
    if (!server) return
    const closed = new Promise<void>((done) => server.close(done))
    this.breakConnections()
    await closed
  }

  breakConnections(): void {
    for (const socket of this.sockets) socket.destroy()
  }

  /** Resolves with the first mail to this address, of before or to come. */
  waitFor(to: string, condition: Condition = () => true): Promise<ReceivedMail> {
    return this.until(() => this.mails.find((mail) => mail.recipients.includes(to) && condition(mail)))
  }

  /** Resolves once `count` mails were taken. */
  waitForCount(count: number): Promise<true> {
    return this.until(() => this.mails.length >= count || undefined)
  }

  /** Resolves once this address was named in RCPT TO as often. */
  waitForAttempts(to: string, count: number): Promise<true> {
    return this.until(() => this.attempts.filter((address) => address === to).length >= count || undefined)
  }

  /** False where the connection was broken instead of an answer. */
  private async read(
    stream: AsyncIterable<Buffer>,
    secure: boolean,
    envelope: { from: string; recipients: string[] },
  ): Promise<boolean> {
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk)
    const source = Buffer.concat(chunks).toString()
    const parsed = await simpleParser(source)
    if (parsed.messageId !== undefined) this.messageIds.push(parsed.messageId)
    const behaviour = this.behaviourOf.get(envelope.recipients[0] ?? '') ?? this.behaviour
    if (behaviour === 'die-after-data') {
      this.wake()
      this.breakConnections()
      return false
    }
    this.mails.push({ ...envelope, parsed, source, secure })
    this.wake()
    return true
  }
}

function refusal(responseCode: number): Error {
  return Object.assign(new Error('Not now, or not at all'), { responseCode })
}
