import { v7 as uuidv7 } from 'uuid'
import { readEnvironment, resolveConfig } from '../../src/config/config'
import { deriveSecrets } from '../../src/crypto/secrets'
import { later } from '../../src/lib/clock'
import { composeMail } from '../../src/mail/composeMail'
import type { ComposedMail, SkippedMail } from '../../src/mail/composedMail'
import { SHIPPED } from '../../src/mail/mailContent'
import { sourceOf } from '../../src/mail/smtpTransport'
import { type Database, openDatabase } from '../../src/store/database'
import { type NewMail, findMail, queueMail } from '../../src/store/outbox'
import { changeEmail } from '../../src/store/emailChanges'
import { type TestDatabase, createDatabase } from '../support/database'

const HASH = '$2b$12$abcdefghijklmnopqrstuv'
const config = resolveConfig(
  readEnvironment({ PUBLIC_URL: 'https://auth.example.com', SMTP_URL: 'smtp://127.0.0.1:1' }),
)
const secrets = deriveSecrets('the secret of the mail tests, long enough', null)

let testDatabase: TestDatabase
let db: Database
const now = new Date()

beforeAll(async () => {
  testDatabase = await createDatabase()
  db = openDatabase({ url: testDatabase.url, poolSize: 4, onIdleError: () => undefined })
})
afterAll(async () => {
  await db.close()
  await testDatabase.drop()
})
afterEach(async () => {
  await db.prisma.user.deleteMany()
  await db.prisma.mail.deleteMany()
})

async function addUser(email: string, state: { verified?: boolean; disabled?: boolean } = {}): Promise<string> {
  const { verified = true, disabled = false } = state
  const user = await db.prisma.user.create({
    data: {
      ...{ id: uuidv7(), email, passwordHash: HASH, passwordChangedAt: now },
      ...{ emailVerifiedAt: verified ? now : null, disabledAt: disabled ? now : null },
    },
  })
  return user.id
}

async function queue(name: NewMail['name'], recipient: string, changes: Partial<NewMail> = {}) {
  const mail = { name, recipient, locale: 'en', now, expiresAt: later(now, 3_600_000), ...changes }
  const stored = await findMail(db.prisma, await db.transaction((tx) => queueMail(tx, mail)))
  if (!stored) throw new Error('A mail that was not stored')
  return stored
}

type Queued = Awaited<ReturnType<typeof queue>>
const prepare = (mail: Queued, by = secrets): Promise<ComposedMail | SkippedMail> =>
  composeMail({ database: db, secrets: by, config, content: SHIPPED, clock: { now: () => now } }, mail)

describe('a link is not mailed', () => {
  test('where it was followed already', async () => {
    const userId = await addUser('ada@example.com', { verified: false })
    const registration = await db.prisma.registration.create({
      data: { id: uuidv7(), userId, passwordHash: HASH, locale: 'en', createdAt: now },
    })
    const mail = await queue('verifyEmail', 'ada@example.com', { userId, registrationId: registration.id })
    expect(await prepare(mail)).toHaveProperty('token')
    await db.prisma.oneTimeToken.update({ where: { id: mail.id }, data: { usedAt: now } })
    expect(await prepare(mail)).toEqual({ skipped: 'alreadyDone' })
  })

  test('under a secret that does not make the token of an earlier try: it would lead nowhere', async () => {
    await addUser('ada@example.com')
    const mail = await queue('resetPassword', 'ada@example.com')
    const first = await prepare(mail)
    expect(await prepare(mail)).toEqual(first)
    const other = deriveSecrets('quite another secret, which is long enough', null)
    await expect(prepare(mail, other)).rejects.toThrow('derived under a secret that is not configured')
  })

  test.each([
    ['noRecipient', 'whose account is gone', () => Promise.resolve(undefined)],
    ['disabled', 'whose account is disabled', () => addUser('ada@example.com', { disabled: true })],
    ['alreadyDone', 'whose account has the address by now', () => addUser('new@example.com')],
  ] as const)('%s: to a new address, %s', async (skipped, _why, account) => {
    const userId = await account()
    const mail = await queue('confirmEmailChange', 'new@example.com', userId === undefined ? {} : { userId })
    expect(await prepare(mail)).toEqual({ skipped })
  })

  test('to an address whose own account is disabled', async () => {
    const userId = await addUser('ada@example.com')
    await addUser('new@example.com', { disabled: true })
    expect(await prepare(await queue('confirmEmailChange', 'new@example.com', { userId }))).toEqual({
      skipped: 'disabled',
    })
  })

  test('to a new address once a later one was asked for', async () => {
    const userId = await addUser('ada@example.com')
    const earlier = await queue('confirmEmailChange', 'new@example.com', { userId })
    const latest = await queue('confirmEmailChange', 'newest@example.com', { userId, now: later(now, 1_000) })
    expect(await prepare(latest)).toHaveProperty('token')
    expect(await prepare(earlier)).toEqual({ skipped: 'superseded' })
  })

  test('by a name that no mail has', async () => {
    const mail = { ...(await queue('emailChanged', 'ada@example.com')), name: 'newsletter' }
    await expect(prepare(mail)).rejects.toThrow('No mail is named newsletter')
  })
})

test.each([
  ['no-reply@example.com', 'From: no-reply@example.com'],
  ['Acme <no-reply@example.com>', 'From: Acme <no-reply@example.com>'],
  ['"Acme, Inc." <no-reply@example.com>', 'From: "Acme, Inc." <no-reply@example.com>'],
])('a sender %s is one address, with a name or without', async (from, line) => {
  const mail = {
    messageId: '<1@example.com>',
    to: 'ada@example.com',
    subject: 'x',
    html: 'x',
    text: 'x',
    token: null,
    code: null,
  }
  const source = await sourceOf(mail, { from, replyTo: 'Help, please <help@example.com>' })
  expect(source.split('\r\n')).toContain(line)
  expect(source.split('\r\n')).toContain('Reply-To: "Help, please" <help@example.com>')
})

test('a pending address is given to its account alone, once, and not while another account has it', async () => {
  const ada = await addUser('ada@example.com')
  await addUser('bob@example.com')
  const change = async (id: string, email: string) => {
    await db.prisma.user.updateMany({
      where: { id },
      data: { pendingEmail: email, pendingUntil: later(now, 3_600_000) },
    })
    return db.transaction((tx) => changeEmail(tx, id, { email, now }))
  }
  expect(await change(uuidv7(), 'new@example.com')).toBe(false)
  expect(await change(ada, 'bob@example.com')).toBe(false)
  expect(await change(ada, 'new@example.com')).toBe(true)
  expect(await db.transaction((tx) => changeEmail(tx, ada, { email: 'other@example.com', now }))).toBe(false)
})
