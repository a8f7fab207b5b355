import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInbox } from '../../src/dev/inbox/store'
import { createInboxTransport } from '../../src/dev/inbox/transport'
import { smtpFailure } from '../../src/mail/smtpFailure'
import { type MailTransport, type OutgoingMail, createSmtpTransport } from '../../src/mail/smtpTransport'
import { type Behaviour, TestSmtpServer } from '../support/smtp'

const FROM = 'Acme, Inc. <no-reply@auth.example.com>'

function mailTo(to: string, changes: Partial<OutgoingMail> = {}): OutgoingMail {
  const mail = {
    messageId: '<1@auth.example.com>',
    to,
    subject: 'Hello',
    html: '<p>Hello</p>',
    text: 'Hello',
    token: null,
    code: null,
  }
  return { ...mail, ...changes }
}

describe('the SMTP transport', () => {
  let server: TestSmtpServer
  const opened: MailTransport[] = []

  interface Options {
    production?: boolean
    name?: string
    connectionTimeout?: number
    greetingTimeout?: number
    socketTimeout?: number
  }

  function open(url: string, options: Options = {}): MailTransport {
    const transport = createSmtpTransport({
      url,
      name: 'auth.example.com',
      from: FROM,
      replyTo: null,
      production: false,
      ...options,
    })
    opened.push(transport)
    return transport
  }

  afterEach(async () => {
    for (const transport of opened.splice(0)) await transport.close()
    await server.stop()
  })

  /** An address of this machine that does not look like one, so that the rules for other hosts hold. */
  const asOtherHost = () => `smtp://0.0.0.0:${server.port}`

  test('one envelope recipient, and headers from a fixed list', async () => {
    server = await new TestSmtpServer().start()
    await open(server.url).send(mailTo('bob@example.com'))
    const { from, recipients, parsed } = await server.waitFor('bob@example.com')
    expect({ from, recipients }).toEqual({ from: 'no-reply@auth.example.com', recipients: ['bob@example.com'] })
    expect([...parsed.headers.keys()].sort()).toEqual(
      ['auto-submitted', 'content-type', 'date', 'from', 'message-id', 'mime-version', 'subject', 'to'].sort(),
    )
    expect(parsed.headers.get('auto-submitted')).toBe('auto-generated')
    expect(parsed.messageId).toBe('<1@auth.example.com>')
    expect(parsed.from?.value).toEqual([{ name: 'Acme, Inc.', address: 'no-reply@auth.example.com' }])
  })

  test.each([
    'v@example.com\r\nBcc: evil@example.org',
    'v@example.com,evil@example.org',
    'v@example.com <evil@example.org>',
    'a:evil@example.org;',
  ])('an address that is more than one never reaches another: %j', async (to) => {
    server = await new TestSmtpServer().start()
    await open(server.url)
      .send(mailTo(to))
      .catch(() => undefined)
    expect(server.attempts.filter((address) => address === 'evil@example.org')).toEqual([])
  })

  test('in production a server without STARTTLS gets nothing', async () => {
    server = await new TestSmtpServer().start()
    await expect(open(asOtherHost(), { production: true }).send(mailTo('bob@example.com'))).rejects.toThrow()
    await expect(open(asOtherHost(), { production: true }).verify()).rejects.toThrow()
    expect(server.attempts).toEqual([])
  })

  test.each([true, false])(
    'a self-signed certificate of another host is refused, in production: %s',
    async (production) => {
      server = await new TestSmtpServer({ disabledCommands: [] }).start()
      await expect(open(asOtherHost(), { production }).send(mailTo('bob@example.com'))).rejects.toThrow(
        /self.signed|expired|certificate/i,
      )
      expect(server.attempts).toEqual([])
    },
  )

  test('no part of the URL switches the checks off', async () => {
    server = await new TestSmtpServer({ disabledCommands: [] }).start()
    const url = `${asOtherHost()}/?tls.rejectUnauthorized=false&ignoreTLS=true&requireTLS=false`
    await expect(open(url, { production: true }).send(mailTo('bob@example.com'))).rejects.toThrow()
    expect(server.attempts).toEqual([])
  })

  test('in production this very machine is reached without a certificate check', async () => {
    server = await new TestSmtpServer().start()
    await open(server.url, { production: true }).send(mailTo('bob@example.com'))
    expect(server.mails).toHaveLength(1)
  })

  test('STARTTLS is used wherever it is offered', async () => {
    server = await new TestSmtpServer({ disabledCommands: [] }).start()
    await open(server.url).send(mailTo('bob@example.com'))
    expect((await server.waitFor('bob@example.com')).secure).toBe(true)
  })

  test('credentials of the URL are decoded', async () => {
    const seen: unknown[] = []
    server = await new TestSmtpServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) => {
        seen.push(username, password)
        done(null, { user: 'x' })
      },
    }).start()
    await open(`smtp://user%40example.com:p%2Fw%3A%20d@127.0.0.1:${server.port}`).send(mailTo('bob@example.com'))
    expect(seen).toEqual(['user@example.com', 'p/w: d'])
  })

  test('a server is greeted with the configured name, by a mail and by a probe', async () => {
    const names: string[] = []
    server = await new TestSmtpServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (_auth, { hostNameAppearsAs }, done) => {
        names.push(hostNameAppearsAs)
        done(null, { user: 'x' })
      },
    }).start()
    const transport = open(server.url.replace('//', '//user:secret@'), { name: '[192.0.2.7]' })
    await transport.verify()
    await transport.send(mailTo('bob@example.com'))
    expect(names).toEqual(['[192.0.2.7]', '[192.0.2.7]'])
  })

  test('a server that is slow to greet is neither down nor given up: only reaching it is limited as tightly', async () => {
    const greetings: (() => void)[] = []
    server = await new TestSmtpServer({
      onConnect: (_session, done) => {
        greetings.push(() => done())
        if (greetings.length === 2) setTimeout(() => greetings.forEach((greet) => greet()), 1_500)
      },
    }).start()
    const transport = open(server.url, { connectionTimeout: 1_000 })
    await Promise.all([transport.verify(), transport.send(mailTo('bob@example.com'))])
    expect(server.mails).toHaveLength(1)
  })

  test('a server that falls silent is given up', async () => {
    server = await new TestSmtpServer().start()
    server.behaviour = 'hang'
    const failure = await open(server.url, { socketTimeout: 50 })
      .send(mailTo('bob@example.com'))
      .catch((error: unknown) => error)
    expect(smtpFailure(failure)).toMatchObject({ outcome: 'retry', connectionProblem: true })
  })

  test.each([
    [421, { outcome: 'retry', connectionProblem: true, reason: 'smtp_421' }],
    [450, { outcome: 'retry', connectionProblem: false, reason: 'smtp_450' }],
    [550, { outcome: 'refused', connectionProblem: false, reason: 'smtp_550' }],
  ] as const)('RCPT TO answered by %d', async (behaviour, expected) => {
    server = await new TestSmtpServer().start()
    server.behaviour = behaviour
    const failure = await open(server.url)
      .send(mailTo('bob@example.com'))
      .catch((error: unknown) => error)
    expect(smtpFailure(failure)).toMatchObject(expected)
  })

  test('refused credentials are the settings, not the mail', async () => {
    server = await new TestSmtpServer({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => done(Object.assign(new Error('No'), { responseCode: 535 })),
    }).start()
    const failure = await open(`smtp://user:wrong@127.0.0.1:${server.port}`)
      .send(mailTo('bob@example.com'))
      .catch((error: unknown) => error)
    expect(smtpFailure(failure)).toMatchObject({ outcome: 'retry', connectionProblem: true, reason: 'smtp_535' })
  })

  const refusing = (responseCode: number) => (_first: unknown, _session: unknown, done: (error: Error) => void) =>
    done(Object.assign(new Error('<bob@example.com> refused'), { responseCode }))

  test.each<[string, TestSmtpServer, (url: string) => string, object, Behaviour]>([
    ['connect', new TestSmtpServer(), () => 'smtp://127.0.0.1:1', { cause: 'nothing listens at this port' }, 'ok'],
    ['greeting', new TestSmtpServer(), (url) => url, { reason: 'smtp_421' }, 'busy-greeting'],
    ['greeting', new TestSmtpServer(), (url) => url, { reason: 'greeting_timeout' }, 'hang'],
    [
      'TLS',
      new TestSmtpServer({ secure: true }),
      (url) => url.replace('smtp://127.0.0.1', 'smtps://0.0.0.0'),
      { cause: expect.stringMatching(/^the certificate (?:is self-signed|has expired)$/) as unknown },
      'ok',
    ],
    [
      'TLS',
      new TestSmtpServer({ disabledCommands: [] }),
      (url) => url.replace('127.0.0.1', '0.0.0.0'),
      { cause: expect.stringMatching(/^the certificate (?:is self-signed|has expired)$/) as unknown },
      'ok',
    ],
    [
      'TLS',
      new TestSmtpServer(),
      (url) => url.replace('127.0.0.1', '0.0.0.0'),
      { cause: 'the server offers no STARTTLS' },
      'ok',
    ],
    [
      'TLS',
      new TestSmtpServer(),
      (url) => url.replace('smtp:', 'smtps:'),
      { cause: 'the server does not speak TLS at this port: smtps:// is for 465, smtp:// for 587' },
      'ok',
    ],
    [
      'auth',
      new TestSmtpServer({ authOptional: false, allowInsecureAuth: true, onAuth: refusing(535) }),
      (url) => url.replace('//', '//user:wrong@'),
      { reason: 'smtp_535', cause: 'the server answered 535' },
      'ok',
    ],
    ['envelope', new TestSmtpServer({ onMailFrom: refusing(553) }), (url) => url, { reason: 'smtp_553' }, 'ok'],
    ['envelope', new TestSmtpServer(), (url) => url, { reason: 'smtp_550' }, 550],
    [
      'data',
      new TestSmtpServer({
        onData: (stream, session, done) => stream.resume().on('end', () => refusing(554)(0, session, done)),
      }),
      (url) => url,
      { reason: 'smtp_554' },
      'ok',
    ],
    ['session', new TestSmtpServer(), (url) => url, { cause: 'the server ended the connection' }, 'die-after-data'],
  ])(
    'a failure names its step, %s, and its cause without the address',
    async (step, made, urlOf, expected, behaviour) => {
      server = await made.start()
      server.behaviour = behaviour
      const url = urlOf(server.url)
      const failure = await open(url, {
        production: url.includes('0.0.0.0'),
        greetingTimeout: behaviour === 'hang' ? 50 : 20_000,
      })
        .send(mailTo('bob@example.com'))
        .catch((error: unknown) => error)
      const told = smtpFailure(failure)
      expect(told).toMatchObject({ step, ...expected })
      expect(JSON.stringify(told)).not.toContain('bob@')
    },
  )

  test('a refused sender is the settings, not the mail', async () => {
    const onMailFrom = (_address: unknown, _session: unknown, done: (error: Error) => void) =>
      done(Object.assign(new Error('No'), { responseCode: 550 }))
    server = await new TestSmtpServer({ onMailFrom }).start()
    const failure = await open(server.url)
      .send(mailTo('bob@example.com'))
      .catch((error: unknown) => error)
    expect(smtpFailure(failure)).toMatchObject({ outcome: 'retry', connectionProblem: true })
  })
})

describe('the development inbox', () => {
  let dir: string
  beforeEach(async () => (dir = await mkdtemp(join(tmpdir(), 'inbox-'))))
  afterEach(() => rm(dir, { recursive: true }))

  test('keeps mails over a restart, newest first, for every instance with its folder', async () => {
    const transport = createInboxTransport(createInbox(join(dir, 'mails')), { from: FROM, replyTo: null })
    for (const to of ['a@example.com', 'b@example.com', 'a@example.com']) {
      await transport.send(mailTo(to, { token: 't', subject: `To ${to}` }))
    }
    const other = createInbox(join(dir, 'mails'))
    const all = await other.list()
    expect(all.map(({ to }) => to)).toEqual(['a@example.com', 'b@example.com', 'a@example.com'])
    expect(all[0]).toMatchObject({ subject: 'To a@example.com', text: 'Hello', html: '<p>Hello</p>', token: 't' })
    expect(all[0]?.sentAt).toBeInstanceOf(Date)
    expect(all[0]?.source).toContain('Auto-Submitted: auto-generated')
    expect((await other.list({ to: 'b@example.com' })).map(({ to }) => to)).toEqual(['b@example.com'])
    expect(await other.list({ limit: 2 })).toHaveLength(2)
    expect(await other.find(all[1]?.id ?? '')).toEqual(all[1])
    expect((await other.list({ search: 'HELLO  b@ex' })).map(({ to }) => to)).toEqual(['b@example.com'])
    expect(await other.list({ search: 'b@example.com goodbye' })).toEqual([])
    await other.clear()
    expect(await createInbox(join(dir, 'mails')).list()).toEqual([])
  })

  test('is empty before the first mail, and finds nothing outside its folder', async () => {
    const inbox = createInbox(join(dir, 'mails'))
    expect(await inbox.list()).toEqual([])
    expect(await inbox.find('../../etc/passwd')).toBeNull()
    expect(await inbox.find('unknown')).toBeNull()
  })

  test('its files are for their owner alone', async () => {
    const inbox = createInbox(join(dir, 'mails'))
    await inbox.deliver(mailTo('a@example.com'), 'source')
    const [name = ''] = await readdir(join(dir, 'mails'))
    expect((await stat(join(dir, 'mails', name))).mode & 0o777).toBe(0o600)
    expect((await stat(join(dir, 'mails'))).mode & 0o777).toBe(0o700)
  })

  test('keeps the newest thousand', async () => {
    const inbox = createInbox(dir)
    for (let count = 1; count <= 1_002; count += 1) await inbox.deliver(mailTo(`n${count}@example.com`), '')
    const kept = await inbox.list()
    expect([kept.length, kept[0]?.to, kept.at(-1)?.to]).toEqual([1_000, 'n1002@example.com', 'n3@example.com'])
  })
})

describe('the ports of a mail server', () => {
  test.each([
    ['smtp://127.0.0.1', '127.0.0.1:587'],
    ['smtps://127.0.0.1', '127.0.0.1:465'],
    ['smtp://127.0.0.1:1', '127.0.0.1:1'],
  ])('%s is asked at %s', async (url, address) => {
    const transport = createSmtpTransport({
      url,
      name: 'auth.example.com',
      from: 'x@example.com',
      replyTo: null,
      production: false,
    })
    await expect(transport.verify()).rejects.toThrow(`ECONNREFUSED ${address}`)
    await transport.close()
  })
})
