import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { digest, mailTokens } from '../../src/crypto/opaqueToken'
import { deriveSecrets } from '../../src/crypto/secrets'
import { later } from '../../src/lib/clock'
import { SHIPPED } from '../../src/mail/mailContent'
import { type Database, openDatabase } from '../../src/store/database'
import { type NewMail, queueMail, queueState } from '../../src/store/outbox'
import { type TestDatabase, createDatabase } from '../support/database'
import { type Counted, type Mailer, type MailerOptions, SECRET, startMailer } from '../support/mailer'
import { type ReceivedMail, TestSmtpServer } from '../support/smtp'

const HOUR = 3_600_000
const DOWN = 'The mail server is down'
const NOT_LEASED = 'Nothing is leased'
const HASH = '$2b$12$abcdefghijklmnopqrstuv'

let testDatabase: TestDatabase
let db: Database
let smtp: TestSmtpServer
let now: Date
const clock = { now: () => now }
const mailers: Mailer[] = []

beforeEach(async () => {
  now = new Date()
  testDatabase = await createDatabase()
  db = openDatabase({ url: testDatabase.url, poolSize: 4, onIdleError: () => undefined })
  smtp = await new TestSmtpServer().start()
})

afterEach(async () => {
  smtp.behaviour = 'ok'
  smtp.breakConnections()
  await Promise.all(mailers.splice(0).map((mailer) => mailer.stop()))
  await smtp.stop()
  await db.close()
  await testDatabase.drop()
})

function start(options: Partial<MailerOptions> = {}): Mailer {
  const mailer = startMailer({ databaseUrl: testDatabase.url, smtpUrl: smtp.url, clock, ...options })
  mailers.push(mailer)
  return mailer
}

interface Person {
  verified?: boolean
  disabled?: boolean
  displayName?: string
}

async function addUser(email: string, { verified = true, disabled = false, displayName = 'Ada' }: Person = {}) {
  const user = await db.prisma.user.create({
    data: {
      ...{ id: uuidv7(), email, passwordHash: HASH, displayName, passwordChangedAt: now },
      ...{ emailVerifiedAt: verified ? now : null, disabledAt: disabled ? now : null },
    },
  })
  const registration = await db.prisma.registration.create({
    data: { id: uuidv7(), userId: user.id, passwordHash: HASH, displayName, locale: 'en', createdAt: now },
  })
  return { userId: user.id, registrationId: registration.id }
}

function queue(name: NewMail['name'], recipient: string, changes: Partial<NewMail> = {}): Promise<string> {
  const mail = { name, recipient, locale: 'en', now, expiresAt: later(now, 24 * HOUR), ...changes }
  return db.transaction((tx) => queueMail(tx, mail))
}

const notice = (recipient: string, changes: Partial<NewMail> = {}) => queue('passwordChanged', recipient, changes)
const waiting = () => queueState(db.prisma, now).then((state) => state.waiting)

/** Resolves once the outbox was polled twice more, and nothing leased. */
function waitForPolls(counted: Counted): Promise<true> {
  const before = counted.log.filter((line) => line.includes(NOT_LEASED)).length
  return counted.waitForLog(NOT_LEASED, before + 2)
}

function tokenIn(mail: ReceivedMail): string {
  const token = /#token=([\w-]{43})/.exec(mail.parsed.text ?? '')?.[1]
  if (token === undefined) throw new Error('A mail without a link')
  return token
}

describe('the outbox', () => {
  test('a transaction that rolls back leaves no mail', async () => {
    const failing = db.transaction(async (tx) => {
      await queueMail(tx, {
        name: 'passwordChanged',
        recipient: 'a@example.com',
        locale: 'en',
        now,
        expiresAt: later(now, HOUR),
      })
      throw new Error('rolled back')
    })
    await expect(failing).rejects.toThrow('rolled back')
    const { rows } = await db.pool.query('SELECT count(*)::int AS rows FROM mails')
    expect(rows).toEqual([{ rows: 0 }])
  })

  test('holds no link and no token while a mail waits', async () => {
    const claim = await addUser('a@example.com', { verified: false })
    const id = await queue('verifyEmail', 'a@example.com', claim)
    smtp.behaviour = 450
    const mailer = start({ firstRetry: HOUR })
    await mailer.counted.waitForFailures(1)
    await mailer.stop()
    const [token] = mailTokens(deriveSecrets(SECRET, null), 'VERIFY_EMAIL', id)
    for (const table of ['mails', 'one_time_tokens']) {
      const { rows } = await db.pool.query<{ row: string }>(`SELECT t::text AS row FROM ${table} AS t`)
      expect(rows).toHaveLength(1)
      expect(rows[0]?.row).not.toMatch(/http|#token/)
      for (const encoding of ['utf8', 'hex', 'base64'] as const) {
        expect(rows[0]?.row).not.toContain(Buffer.from(token).toString(encoding))
      }
      expect(rows[0]?.row).not.toContain(Buffer.from(token, 'base64url').toString('hex'))
    }
  })

  test('a mail that is sent leaves nothing behind', async () => {
    await notice('a@example.com')
    const mailer = start()
    await mailer.counted.waitForSent(1)
    await mailer.stop()
    const { rows } = await db.pool.query('SELECT count(*)::int AS rows FROM mails')
    expect(rows).toEqual([{ rows: 0 }])
  })
})

describe('a mail server that fails', () => {
  test.each([421, 450] as const)(
    '%d: the mail is tried again until it is taken, with the same link',
    async (behaviour) => {
      const claim = await addUser('a@example.com', { verified: false })
      const id = await queue('verifyEmail', 'a@example.com', claim)
      smtp.behaviour = behaviour
      start()
      await smtp.waitForAttempts('a@example.com', 3)
      smtp.behaviour = 'ok'
      const mail = await smtp.waitFor('a@example.com')
      expect(digest(tokenIn(mail))).toEqual(
        Buffer.from((await db.prisma.oneTimeToken.findUniqueOrThrow({ where: { id } })).tokenHash),
      )
    },
  )

  test('550: the mail is given up, counted and logged without its address', async () => {
    const id = await notice('a@example.com')
    smtp.behaviour = 550
    const mailer = start()
    const { counted } = mailer
    await counted.waitForFailures(1)
    await mailer.stop()
    expect(counted.failures).toEqual([['passwordChanged', 'smtp_550']])
    expect(await waiting()).toBe(0)
    expect(counted.log.filter((line) => line.includes(id) && line.includes('smtp_550'))).toHaveLength(1)
    expect(counted.log.join('')).not.toContain('a@example.com')
  })

  test('hanging holds up neither the other mails nor, once it ends, its own', async () => {
    smtp.behaviourOf.set('hang@example.com', 'hang')
    await notice('hang@example.com')
    start()
    await smtp.waitForAttempts('hang@example.com', 1)
    for (let count = 0; count < 10; count += 1) await notice(`n${count}@example.com`)
    await smtp.waitForCount(10)
    smtp.behaviourOf.clear()
    smtp.breakConnections()
    await smtp.waitFor('hang@example.com')
  })

  test('dying after DATA: the copy has the same link and the same Message-ID', async () => {
    const claim = await addUser('a@example.com', { verified: false })
    const id = await queue('verifyEmail', 'a@example.com', claim)
    smtp.behaviour = 'die-after-data'
    start()
    await smtp.until(() => smtp.messageIds[0])
    smtp.behaviour = 'ok'
    const mail = await smtp.waitFor('a@example.com')
    // The id is what the link's token is derived from.
    expect(mail.source).not.toContain(id)
    expect(new Set(smtp.messageIds)).toEqual(new Set([mail.parsed.messageId]))
    expect(await db.prisma.oneTimeToken.count()).toBe(1)
    expect(digest(tokenIn(mail))).toEqual(Buffer.from((await db.prisma.oneTimeToken.findFirstOrThrow()).tokenHash))
  })

  test('a mail that breaks everything that touches it does not hold up the others', async () => {
    smtp.behaviourOf.set('poison@example.com', 'die-after-data')
    await notice('poison@example.com')
    const unknown = await queue('emailChanged', 'other@example.com')
    await db.prisma.mail.update({ where: { id: unknown }, data: { name: 'no such mail' } })
    start({ concurrency: 1 })
    await smtp.waitForAttempts('poison@example.com', 2)
    for (let count = 0; count < 10; count += 1) await notice(`n${count}@example.com`)
    await smtp.waitForCount(10)
  })

  test('away for six hours: what still helps arrives at once when it is back, the rest is dropped and counted', async () => {
    await smtp.stop()
    const claims = await Promise.all(['a', 'b', 'c'].map((name) => addUser(`${name}@example.com`, { verified: false })))
    for (const [index, claim] of claims.entries())
      await queue('verifyEmail', `${'abc'[index] ?? ''}@example.com`, claim)
    for (const name of ['a', 'b']) await queue('resetPassword', `${name}@example.com`, { expiresAt: later(now, HOUR) })
    const { counted } = start()
    await counted.waitForLog(DOWN)
    await counted.waitForLog(NOT_LEASED)

    now = later(now, 6 * HOUR)
    await queue('resetPassword', 'c@example.com', { expiresAt: later(now, HOUR) })
    await counted.waitForDrops(2)
    expect(counted.drops).toEqual([
      ['resetPassword', 'expired'],
      ['resetPassword', 'expired'],
    ])

    await smtp.start()
    await counted.waitForSent(4)
    expect(smtp.mails.flatMap(({ recipients }) => recipients).sort()).toEqual(
      ['a@example.com', 'b@example.com', 'c@example.com', 'c@example.com'].sort(),
    )
    expect(await waiting()).toBe(0)
  })

  test('away: mails wait without being tried', async () => {
    await smtp.stop()
    await notice('first@example.com')
    const { counted } = start({ firstRetry: HOUR })
    await counted.waitForLog(DOWN)
    for (const name of ['a', 'b', 'c']) await queue('emailChanged', `${name}@example.com`)
    await waitForPolls(counted)
    expect(counted.failures.filter(([name]) => name === 'emailChanged')).toEqual([])
    expect(await waiting()).toBe(4)
  })

  test('away when an instance ends: the next one does not wait for the time that was set', async () => {
    await smtp.stop()
    await notice('a@example.com')
    const first = start()
    await first.counted.waitForLog(DOWN)
    await waitForPolls(first.counted)
    await first.stop()
    await smtp.start()
    start()
    await smtp.waitFor('a@example.com')
  })

  test("wrong credentials are the operator's: the mail waits, the log tells", async () => {
    await smtp.stop()
    let password = 'changed'
    smtp = await new TestSmtpServer({
      ...{ authOptional: false, allowInsecureAuth: true },
      onAuth: (auth, _session, done) =>
        auth.password === password
          ? done(null, { user: 'x' })
          : done(Object.assign(new Error('No'), { responseCode: 535 })),
    }).start()
    await notice('a@example.com')
    const { counted } = start({ smtpUrl: smtp.url.replace('//', '//user:secret@') })
    await counted.waitForLog(DOWN)
    await waitForPolls(counted)
    password = 'secret'
    await smtp.waitFor('a@example.com')
    expect(counted.log.some((line) => line.includes(DOWN) && line.includes('smtp_535'))).toBe(true)
  })
})

describe('in production', () => {
  /** An address of this machine that does not look like one, so that the rules for other hosts hold. */
  const asOtherHost = () => ({ production: true, smtpUrl: `smtp://0.0.0.0:${smtp.port}` })

  test('a server whose STARTTLS is stripped gets nothing, and the mail stays', async () => {
    await notice('a@example.com')
    const { counted } = start(asOtherHost())
    await counted.waitForLog(DOWN)
    await waitForPolls(counted)
    expect(smtp.attempts).toEqual([])
    expect(await waiting()).toBe(1)
  })

  test('a server with a self-signed certificate gets nothing, and the mail stays', async () => {
    await smtp.stop()
    smtp = await new TestSmtpServer({ disabledCommands: [] }).start()
    await notice('a@example.com')
    const { counted } = start(asOtherHost())
    await counted.waitForLog(DOWN)
    await waitForPolls(counted)
    expect(smtp.attempts).toEqual([])
    expect(await waiting()).toBe(1)
  })
})

describe('workers', () => {
  test('a mail whose worker is killed in the middle is sent by the next one, at once', async () => {
    smtp.behaviour = 'hang'
    await notice('a@example.com')
    const loader = join(__dirname, '../support/registerTypescript.cjs')
    const script = join(__dirname, '../support/killedMailer.ts')
    smtp.behaviour = 'ok'
    smtp.behaviourOf.set('a@example.com', 'hang')
    const killed = spawn(process.execPath, ['-r', loader, script, testDatabase.url, smtp.url], { stdio: 'inherit' })
    await smtp.waitForAttempts('a@example.com', 1)
    killed.kill('SIGKILL')
    await once(killed, 'exit')
    smtp.behaviourOf.clear()
    start()
    await smtp.waitFor('a@example.com')
  })

  test('a worker that vanishes while others run leaves its mail to them; one that lives is left alone', async () => {
    smtp.behaviourOf.set('slow@example.com', 'hang')
    await notice('slow@example.com')
    start()
    start()
    await smtp.waitForAttempts('slow@example.com', 1)

    const orphan = await db.transaction(async (tx) => {
      const id = await queueMail(tx, {
        name: 'passwordChanged',
        recipient: 'orphan@example.com',
        locale: 'en',
        now,
        expiresAt: later(now, HOUR),
      })
      await tx.mail.update({ where: { id }, data: { leaseOwner: uuidv7(), leasedUntil: later(new Date(), HOUR) } })
      return id
    })
    // As if its lease had run out: nobody renewed it.
    await db.prisma.$executeRaw`UPDATE mails SET leased_until = now() WHERE id = ${orphan}::uuid`
    await smtp.waitFor('orphan@example.com')
    expect(smtp.attempts.filter((address) => address === 'slow@example.com')).toHaveLength(1)

    smtp.behaviourOf.clear()
    smtp.breakConnections()
    await smtp.waitFor('slow@example.com')
  })

  test('two instances send fifty mails once each', async () => {
    const mailers = [start(), start()]
    const recipients = Array.from({ length: 50 }, (_, index) => `n${index}@example.com`)
    await Promise.all(recipients.map((recipient) => notice(recipient)))
    await smtp.waitForCount(50)
    await Promise.all(mailers.map((mailer) => mailer.stop()))
    expect(smtp.attempts.slice().sort()).toEqual(recipients.sort())
    expect(mailers.flatMap(({ counted }) => counted.sentMails)).toHaveLength(50)
  })

  test('an instance that stops returns the mail it could not finish', async () => {
    smtp.behaviourOf.set('a@example.com', 'hang')
    await notice('a@example.com')
    const first = start()
    await smtp.waitForAttempts('a@example.com', 1)
    await first.stop(10)
    const { rows } = await db.pool.query('SELECT lease_owner, due_at <= now() AS due FROM mails')
    expect(rows).toEqual([{ lease_owner: null, due: true }])
    smtp.behaviourOf.clear()
    start()
    await smtp.waitFor('a@example.com')
  })
})

describe('what a mail says is decided when it is sent', () => {
  test('a changed template that cannot be filled is replaced by the shipped one, which is logged and counted', async () => {
    const changed = { html: '%%code%%', text: '%%code%%' }
    const content = { ...SHIPPED, templates: { ...SHIPPED.templates, passwordChanged: changed } }
    const { counted } = start({ content })
    const id = await notice('ada@example.com')
    await counted.waitForSent(1)
    expect(smtp.mails[0]?.parsed.text).toContain(SHIPPED.texts.en.mails.passwordChanged.heading)
    expect(counted.failures).toEqual([['passwordChanged', 'template']])
    const line = {
      event: 'mail_template_failed',
      level: 'error',
      mailId: id,
      mail: 'passwordChanged',
      placeholder: 'code',
    }
    const lines = counted.log.map((text) => JSON.parse(text) as Record<string, unknown>)
    expect(lines).toContainEqual(expect.objectContaining(line))
  })

  async function outcome(name: NewMail['name'], recipient: string, changes: Partial<NewMail> = {}): Promise<string> {
    await queue(name, recipient, changes)
    const { counted } = mailers[0] ?? start()
    const before = counted.sentMails.length + counted.drops.length
    await counted.until(() => counted.sentMails.length + counted.drops.length > before || undefined)
    const drop = counted.drops.at(-1)
    if (counted.sentMails.length === 0 && drop) return `dropped: ${drop[1]}`
    const subject = smtp.mails.at(-1)?.parsed.subject ?? ''
    const text = smtp.mails.at(-1)?.parsed.text ?? ''
    return text.includes('#token=') ? `link: ${/(\/[a-z-]+)#token/.exec(text)?.[1] ?? ''}` : subject
  }

  test('verifyEmail: a link for a claim that waits', async () => {
    const claim = await addUser('a@example.com', { verified: false })
    expect(await outcome('verifyEmail', 'a@example.com', claim)).toBe('link: /verify-email')
    expect(await db.prisma.oneTimeToken.findFirstOrThrow()).toMatchObject({
      ...{ purpose: 'VERIFY_EMAIL', email: 'a@example.com', ...claim },
      ...{ createdAt: now, expiresAt: later(now, 24 * HOUR) },
    })
  })

  test('verifyEmail: news of the account where it was verified before', async () => {
    const claim = await addUser('a@example.com')
    expect(await outcome('verifyEmail', 'a@example.com', claim)).toMatch(/already/i)
    expect(await db.prisma.oneTimeToken.count()).toBe(0)
  })

  test('verifyEmail: nothing where this very claim was activated, is gone, or the account is disabled', async () => {
    const claim = await addUser('a@example.com')
    await db.prisma.registration.updateMany({ data: { activatedAt: now, passwordHash: null } })
    expect(await outcome('verifyEmail', 'a@example.com', claim)).toBe('dropped: alreadyDone')
    expect(await outcome('verifyEmail', 'a@example.com', { userId: claim.userId })).toBe('dropped: noRecipient')
    const disabled = await addUser('b@example.com', { verified: false, disabled: true })
    expect(await outcome('verifyEmail', 'b@example.com', disabled)).toBe('dropped: disabled')
  })

  test('resendVerification: a link for the only registration that waits, nothing for an unknown address', async () => {
    expect(await outcome('resendVerification', 'unknown@example.com')).toBe('dropped: noRecipient')
    await mailers.splice(0)[0]?.stop()
    const { registrationId } = await addUser('a@example.com', { verified: false })
    expect(await outcome('resendVerification', 'a@example.com')).toBe('link: /verify-email')
    expect((await db.prisma.oneTimeToken.findFirstOrThrow()).registrationId).toBe(registrationId)
  })

  test('resendVerification: a link for none in particular where several registrations wait', async () => {
    const claim = await addUser('a@example.com', { verified: false })
    await db.prisma.registration.create({
      data: { id: uuidv7(), userId: claim.userId, passwordHash: HASH, locale: 'de', createdAt: later(now, 1_000) },
    })
    expect(await outcome('resendVerification', 'a@example.com')).toBe('link: /verify-email')
    expect((await db.prisma.oneTimeToken.findFirstOrThrow()).registrationId).toBeNull()
  })

  test('resendVerification: news of the account where it was verified', async () => {
    await addUser('a@example.com')
    expect(await outcome('resendVerification', 'a@example.com')).toMatch(/already/i)
  })

  test('resetPassword: nothing for an unknown or a disabled account', async () => {
    await addUser('b@example.com', { disabled: true })
    expect(await outcome('resetPassword', 'unknown@example.com')).toBe('dropped: noRecipient')
    expect(await outcome('resetPassword', 'b@example.com')).toBe('dropped: disabled')
    expect(smtp.attempts).toEqual([])
  })

  test('resetPassword: an unverified account gets it too', async () => {
    await addUser('a@example.com', { verified: false })
    expect(await outcome('resetPassword', 'a@example.com')).toBe('link: /reset-password')
    expect(await db.prisma.oneTimeToken.findFirstOrThrow()).toMatchObject({
      purpose: 'RESET_PASSWORD',
      expiresAt: later(now, HOUR),
    })
  })

  test.each(['resetPassword', 'confirmEmailChange'] as const)(
    '%s: a link requested before the password changed is not sent',
    async (name) => {
      const { userId } = await addUser('a@example.com')
      await queue(name, name === 'resetPassword' ? 'a@example.com' : 'new@example.com', { userId })
      await db.prisma.user.update({ where: { id: userId }, data: { passwordChangedAt: later(now, 1) } })
      expect(await db.prisma.mail.count()).toBe(0)
    },
  )

  test.each(['agree', 'disagree'])(
    'resetPassword: only the last requested link lives, where the clocks of instances %s',
    async (clocks) => {
      await addUser('a@example.com')
      const requests = [now, later(now, 1_000)]
      if (clocks === 'disagree') requests.reverse()
      for (const time of requests) {
        const id = await queue('resetPassword', 'a@example.com', { now: time })
        const { counted } = mailers[0] ?? start()
        const done = counted.sentMails.length + counted.drops.length
        if (done === 0) await counted.waitForSent(1)
        else await counted.until(() => counted.sentMails.length + counted.drops.length > done || undefined)
        expect(id).toBeDefined()
      }
      const tokens = await db.prisma.oneTimeToken.findMany()
      expect(tokens.map(({ createdAt }) => createdAt)).toEqual(requests.slice(-1))
    },
  )

  test('confirmEmailChange: a link to the new address, which voids the one before', async () => {
    const { userId } = await addUser('a@example.com')
    expect(await outcome('confirmEmailChange', 'new@example.com', { userId })).toBe('link: /confirm-email-change')
    expect(await outcome('confirmEmailChange', 'newer@example.com', { userId, now: later(now, 1_000) })).toBe(
      'link: /confirm-email-change',
    )
    expect(await db.prisma.oneTimeToken.findMany()).toMatchObject([
      { purpose: 'CHANGE_EMAIL', email: 'newer@example.com', userId },
    ])
  })

  test('confirmEmailChange: news of their account to who holds the address', async () => {
    const { userId } = await addUser('a@example.com')
    await addUser('b@example.com')
    expect(await outcome('confirmEmailChange', 'b@example.com', { userId })).toMatch(/already/i)
    expect(await db.prisma.oneTimeToken.count()).toBe(0)
  })

  test('a token that was used is not brought back by a mail that is tried again', async () => {
    await addUser('a@example.com')
    const id = await queue('resetPassword', 'a@example.com')
    smtp.behaviour = 'die-after-data'
    start({ firstRetry: 200 })
    await smtp.until(() => smtp.messageIds[0])
    await db.prisma.oneTimeToken.update({ where: { id }, data: { usedAt: now } })
    smtp.behaviour = 'ok'
    const { counted } = mailers[0] ?? start()
    await counted.waitForDrops(1)
    expect(counted.drops).toEqual([['resetPassword', 'alreadyDone']])
    expect(smtp.mails).toEqual([])
  })

  test('the link stays the same when SECRET is replaced between two tries', async () => {
    const claim = await addUser('a@example.com', { verified: false })
    const id = await queue('verifyEmail', 'a@example.com', claim)
    smtp.behaviour = 450
    const first = start()
    await first.counted.waitForFailures(1)
    await first.stop()
    smtp.behaviour = 'ok'
    start({ secret: 'another secret of thirty-two bytes or more', secretPrevious: SECRET })
    const mail = await smtp.waitFor('a@example.com')
    expect(tokenIn(mail)).toBe(mailTokens(deriveSecrets(SECRET, null), 'VERIFY_EMAIL', id)[0])
  })

  test('a display name that tries to be a header, a link or another recipient is only a name', async () => {
    const displayName = '<a href="https://evil.example">x</a>\r\nBcc: evil@evil.example'
    const claim = await addUser('a@example.com', { verified: false, displayName })
    await queue('verifyEmail', 'a@example.com', claim)
    start()
    const { recipients, parsed } = await smtp.waitFor('a@example.com')
    expect(recipients).toEqual(['a@example.com'])
    expect(smtp.attempts).toEqual(['a@example.com'])
    expect(parsed.headers.has('bcc')).toBe(false)
    expect(parsed.html).not.toContain('<a href="https://evil.example"')
    expect(parsed.subject).not.toContain('evil')
  })

  test('a mail of an owner who has left is not sent', async () => {
    smtp.behaviour = 450
    const { userId } = await addUser('a@example.com')
    await notice('a@example.com', { userId })
    const { counted } = start()
    await counted.waitForFailures(1)
    await db.prisma.user.delete({ where: { id: userId } })
    smtp.behaviour = 'ok'
    await notice('b@example.com')
    await smtp.waitFor('b@example.com')
    expect(smtp.mails).toHaveLength(1)
  })
})
