import { domainToUnicode } from 'node:url'
import { type TestApp, startTestApp, tokenOf } from '../support/app'
import { type Answer, DOORS, call, post } from '../support/client'
import { NEW_PASSWORD, PASSWORD, someone, verifiedPerson } from '../support/people'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const sql = (text: string, values: unknown[] = []) => app.app.deps.database.pool.query(text, values)

const fieldsOf = ({ data }: Answer) => data.fields as { field: string; code: string; message: string }[]

/** What mail servers, filters or databases would read in another way than it was meant, or not at all. */
const NO_ADDRESSES = [
  ['', 'REQUIRED'],
  ['   ', 'REQUIRED'],
  ...[
    'plain',
    '@example.com',
    'a@',
    'a@b@example.com',
    'a@localhost',
    'a@[127.0.0.1]',
    'a@127.0.0.1',
    'a@example.c',
    'a@-example.com',
    'a@exa_mple.com',
    'a@example..com',
    'a@example.com.',
    '.a@example.com',
    'a.@example.com',
    'a..b@example.com',
    'a b@example.com',
    '"a b"@example.com',
    'a(comment)@example.com',
    'a@example.com,b@example.com',
    'a@example.com;b@example.com',
    'Name <a@example.com>',
    'group:a@example.com;',
    'a@example.com\r\nBcc: evil@example.com',
    'a\n@example.com',
    'a\0@example.com',
    'a\ud800@example.com',
    'jörg@example.com',
    '\u212aelly@example.com',
    'a@example.com?subject=x',
    'a@exa%6Dple.com',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b'.repeat(64)}.com`,
    `a@${'bcd.'.repeat(63)}com`,
  ].map((address) => [address, 'INVALID_FORMAT']),
] as [string, string][]

const ADDRESSES: [string, string][] = [
  ['  Trimmed.1@Example.COM ', 'trimmed.1@example.com'],
  ['plus+tag.and.dots@example.com', 'plus+tag.and.dots@example.com'],
  ["o'neill!#$%&*/=?^_`{|}~-@example.com", "o'neill!#$%&*/=?^_`{|}~-@example.com"],
  ['idn@Bücher.example', 'idn@xn--bcher-kva.example'],
  ['idn2@例え.テスト', 'idn2@xn--r8jz45g.xn--zckzah'],
  [`${'l'.repeat(64)}@example.com`, `${'l'.repeat(64)}@example.com`],
]

describe.each(DOORS)('register by %s', (name, door) => {
  test('a new address gets an answer that names it, and a mail with a link', async () => {
    const email = someone()
    const answer = await door(app.url, 'register', { email, password: PASSWORD })
    expect(answer).toMatchObject({ code: 'SUCCESS', status: name === 'REST' ? 201 : 200 })
    expect(answer.data).toEqual({ email })
    const mail = await app.mail(email)
    expect(mail.parsed.subject).toMatch(/Confirm your email address/)
    expect(mail.parsed.text).toContain(`${app.config.publicUrl}/verify-email#token=`)
  })

  test('a taken address gets the same answer, and its owner another mail', async () => {
    const email = await verifiedPerson(app)
    const answer = await door(app.url, 'register', { email, password: NEW_PASSWORD })
    expect(answer.data).toEqual({ email })
    const mail = await app.mail(email, /already/)
    expect(mail.parsed.text).not.toContain('#token=')
    expect(await call(app.url, 'login', { email, password: NEW_PASSWORD })).toMatchObject({
      code: 'EMAIL_NOT_VERIFIED',
    })
    expect(await call(app.url, 'login', { email, password: PASSWORD })).toMatchObject({ code: 'SUCCESS' })
  })

  test('free, waiting and verified addresses are answered alike but for the address', async () => {
    const [free, waiting, verified] = [someone(), someone(), await verifiedPerson(app)]
    await call(app.url, 'register', { email: waiting, password: PASSWORD })
    const answers = await Promise.all(
      [free, waiting, verified].map(async (email) => {
        const { text, status, headers } = await door(app.url, 'register', { email, password: PASSWORD })
        return { text: text.replace(email, ''), status, headers: [...headers.keys()] }
      }),
    )
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
    expect(answers[0]?.headers).not.toContain('set-cookie')
  })

  test.each(NO_ADDRESSES)('%j is no address: %s', async (email, code) => {
    const answer = await door(app.url, 'register', { email, password: PASSWORD })
    expect(answer).toMatchObject({ code: 'INVALID_INPUT', status: name === 'REST' ? 400 : 200 })
    expect(fieldsOf(answer)).toEqual([{ field: 'email', code, message: expect.any(String) as string }])
  })

  test('one answer names every wrong field', async () => {
    const input = { email: 'none', password: 'short', displayName: 'n'.repeat(101), locale: 'no locale' }
    const answer = await door(app.url, 'register', input)
    expect(fieldsOf(answer).map(({ field, code }) => [field, code])).toEqual([
      ['email', 'INVALID_FORMAT'],
      ['password', 'TOO_SHORT'],
      ['displayName', 'TOO_LONG'],
      ['locale', 'INVALID_FORMAT'],
    ])
  })

  test.each([
    ['role', 'admin'],
    ['emailVerified', true],
    ['id', '0199f000-0000-7000-8000-000000000000'],
    ['__proto__', { emailVerified: true }],
  ])('an undeclared field is refused: %s', async (field, value) => {
    const email = someone()
    const input = JSON.parse(
      JSON.stringify({ email, password: PASSWORD }).replace('}', `,"${field}":${JSON.stringify(value)}}`),
    ) as unknown
    const answer = await door(app.url, 'register', input)
    expect(answer.status).toBe(400)
    expect((await sql('SELECT 1 FROM users WHERE email = $1', [email])).rowCount).toBe(0)
  })

  test.each([5, true, null, ['a@example.com'], { contains: '' }])('the address %j is no text: 400', async (email) => {
    const answer = await door(app.url, 'register', { email, password: PASSWORD })
    expect(answer).toMatchObject({ code: 'BAD_USER_INPUT', status: 400 })
  })
})

test('what is no address gets no mail', () => {
  const addressed = app.smtp.attempts.filter((to) => /evil|localhost|name|a@example/i.test(to))
  expect(addressed).toEqual([])
})

test.each(ADDRESSES)('%j is stored and answered as %s, and mailed to it', async (given, canonical) => {
  const answer = await call(app.url, 'register', { email: given, password: PASSWORD })
  expect(answer.data).toEqual({ email: canonical })
  // The test's mail server shows domains in Unicode; on the wire and in the header they are ASCII.
  const [local = '', domain = ''] = canonical.split('@')
  const shown = `${local}@${domainToUnicode(domain)}`
  const mail = await app.mail(shown)
  expect(mail.recipients).toEqual([shown])
  expect(mail.source).not.toMatch(/[\u0080-\uffff]/)
  expect((await sql('SELECT 1 FROM users WHERE email = $1', [canonical])).rowCount).toBe(1)
})

test('spellings of one address are one account, and either logs in', async () => {
  const name = someone().replace('@example.com', '')
  await call(app.url, 'register', { email: `${name}@xn--bcher-kva.example`, password: PASSWORD })
  await call(app.url, 'verifyEmail', { token: await app.mailedToken(`${name}@bücher.example`) })
  await call(app.url, 'register', { email: `${name.toUpperCase()}@BÜCHER.example`, password: NEW_PASSWORD })
  const users = await sql('SELECT 1 FROM users WHERE email LIKE $1', [`${name}@%`])
  expect(users.rowCount).toBe(1)
  for (const email of [`${name}@bücher.example`, ` ${name.toUpperCase()}@xn--BCHER-kva.example`]) {
    expect(await call(app.url, 'login', { email, password: PASSWORD })).toMatchObject({ code: 'SUCCESS' })
  }
})

test('dots and tags make accounts of their own', async () => {
  const addresses = ['a.b+x@gmail.com', 'a.b@gmail.com', 'ab@gmail.com']
  for (const email of addresses) await verifiedPerson(app, email)
  const users = await sql('SELECT 1 FROM users WHERE email = ANY($1)', [addresses])
  expect(users.rowCount).toBe(3)
})

test('a new account has defaults alone, and its registration what was given, with no password in clear', async () => {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD, displayName: ' Ada\u202e\n Lovelace ', locale: 'de-at' })
  const { rows } = await sql('SELECT * FROM users WHERE email = $1', [email])
  expect(rows[0]).toMatchObject({
    ...{ email_verified_at: null, disabled_at: null, imported_at: null },
    ...{ display_name: null, locale: 'en', password_hash: '!' },
  })
  const { id } = rows[0] as { id: string }
  expect((await sql('SELECT * FROM registrations WHERE user_id = $1', [id])).rows).toEqual([
    expect.objectContaining({
      activated_at: null,
      display_name: 'Ada  Lovelace',
      locale: 'de-AT',
      password_hash: expect.stringMatching(/^\$2b\$04\$/) as string,
    }),
  ])
})

test('mails are in the language that was given, else in that of the request', async () => {
  const [german, french, japanese] = [someone(), someone(), someone()]
  await call(app.url, 'register', { email: german, password: PASSWORD, locale: 'de-CH' })
  const headers = { 'accept-language': 'fr-CA, en;q=0.5' }
  await call(app.url, 'register', { email: french, password: PASSWORD }, { headers })
  await call(app.url, 'register', { email: japanese, password: PASSWORD, locale: 'ja' }, { headers })
  expect((await app.mail(german)).parsed.subject).toMatch(/^Bestätigen Sie Ihre E-Mail-Adresse/)
  expect((await app.mail(french)).parsed.subject).toMatch(/adresse e-mail|Confirmez/i)
  expect((await app.mail(japanese)).parsed.subject).toMatch(/[\u3040-\u30ff]/)
})

test('messages are in the language of the request', async () => {
  const headers = { 'accept-language': 'de' }
  const answer = await call(app.url, 'register', { email: '', password: '' }, { headers })
  const english = await call(app.url, 'register', { email: '', password: '' })
  expect(answer.data.message).not.toBe(english.data.message)
  expect(fieldsOf(answer).map(({ code }) => code)).toEqual(['REQUIRED', 'REQUIRED'])
})

test('a mail that proves an address greets without a name: a stranger may have given it', async () => {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD, displayName: 'You have won' })
  await app.mail(email)
  await call(app.url, 'resendVerification', { email })
  const sent = await app.smtp.until(() => {
    const mails = app.smtp.mails.filter(({ recipients }) => recipients.includes(email))
    return mails.length === 2 ? mails : undefined
  })
  for (const { source, parsed } of sent) {
    expect(source).not.toContain('You have won')
    expect(parsed.text).toContain('\nHello,\n')
  }
})

test('markup in a name is text in the mail', async () => {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD, displayName: '<b onclick="x">Ada</b>' })
  await call(app.url, 'verifyEmail', { token: await app.mailedToken(email) })
  await call(app.url, 'requestReset', { email })
  const { parsed } = await app.mail(email, /new password/)
  expect(parsed.html).not.toContain('<b onclick')
  expect(parsed.text).toContain('Hello <b onclick="x">Ada</b>,')
  expect(parsed.subject).not.toContain('Ada')
})

test.each(['You won! https://evil.example/claim', 'evil.example', 'www.evil', 'a@evil'])(
  'the name %j is left out of a mail',
  async (displayName) => {
    const email = someone()
    await call(app.url, 'register', { email, password: PASSWORD, displayName })
    await call(app.url, 'verifyEmail', { token: await app.mailedToken(email) })
    await call(app.url, 'requestReset', { email })
    const { parsed, source } = await app.mail(email, /new password/)
    expect(parsed.text).toContain('\nHello,\n')
    expect(source).not.toContain('evil')
  },
)

test('links come from the configuration, whatever host a request names', async () => {
  const email = someone()
  const evil = 'evil.example'
  const headers = {
    'x-forwarded-host': evil,
    'x-forwarded-proto': 'https',
    forwarded: `host=${evil}`,
    referer: `https://${evil}/`,
  }
  await call(app.url, 'register', { email, password: PASSWORD }, { headers })
  expect((await app.mail(email)).source).not.toContain(evil)
})

test('an address gets five mails of one kind an hour, and the answer stays the same', async () => {
  const email = someone()
  const answers: string[] = []
  for (let index = 0; index < 7; index += 1) {
    answers.push((await call(app.url, 'register', { email, password: `${PASSWORD} ${index}` })).text)
  }
  expect(new Set(answers).size).toBe(1)
  const claims = await sql('SELECT 1 FROM registrations r JOIN users u ON u.id = r.user_id WHERE email = $1', [email])
  expect(claims.rowCount).toBe(7)
  await app.smtp.until(
    () => app.smtp.mails.filter(({ recipients }) => recipients.includes(email)).length >= 5 || undefined,
  )
  const { rows } = await sql('SELECT count(*)::int AS waiting FROM mails WHERE recipient = $1 AND attempts = 0', [
    email,
  ])
  expect((rows[0] as { waiting: number }).waiting).toBeLessThanOrEqual(5)
  expect(app.smtp.mails.filter(({ recipients }) => recipients.includes(email))).toHaveLength(5)
})

test('fifty equal calls at once make one user, one claim, and give the same answer', async () => {
  const email = someone()
  const input = { email, password: PASSWORD }
  const answers = await Promise.all(Array.from({ length: 50 }, () => call(app.url, 'register', input)))
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  const users = await sql('SELECT id FROM users WHERE email = $1', [email])
  expect(users.rowCount).toBe(1)
  // Calls that overlap are one claim; of those that came one after the other, the address gets five mails at most.
  const mails = app.smtp.mails.filter(({ recipients }) => recipients.includes(email))
  expect(mails.length).toBeLessThanOrEqual(5)
})

test('a fresh database has no user', async () => {
  const fresh = await startTestApp()
  const { rows } = await fresh.app.deps.database.pool.query('SELECT count(*)::int AS users FROM users')
  await fresh.close()
  expect(rows).toEqual([{ users: 0 }])
})

test('two mutation fields in one request are refused before anything is done', async () => {
  const [first, second] = [someone(), someone()]
  const field = (alias: string, email: string) =>
    `${alias}: register(input: {email: "${email}", password: "${PASSWORD}"}) { __typename }`
  const response = await post(app.url, { query: `mutation { ${field('a', first)} ${field('b', second)} }` })
  expect(response.status).toBe(400)
  expect((await sql('SELECT 1 FROM users WHERE email = ANY($1)', [[first, second]])).rowCount).toBe(0)
})

test('a reset proves the address, and voids every registration for it', async () => {
  const email = someone()
  const registered = async (password: string, count: number) => {
    await call(app.url, 'register', { email, password })
    const mails = () => app.smtp.mails.filter(({ recipients }) => recipients.includes(email))
    return tokenOf(await app.smtp.until(() => mails()[count - 1]))
  }
  const links = [await registered(PASSWORD, 1), await registered(NEW_PASSWORD, 2)]
  await call(app.url, 'requestReset', { email })
  const token = await app.mailedToken(email, /password/i)
  const password = 'thirteen quiet harbours glow'
  expect(await call(app.url, 'confirmReset', { token, password })).toMatchObject({ code: 'SUCCESS' })
  for (const link of links) {
    expect(await call(app.url, 'verifyEmail', { token: link })).toMatchObject({ code: 'INVALID_TOKEN' })
  }
  const logsIn = async (password: string) => (await call(app.url, 'login', { email, password })).code
  expect(await logsIn(PASSWORD)).toBe('INVALID_CREDENTIALS')
  expect(await logsIn(NEW_PASSWORD)).toBe('INVALID_CREDENTIALS')
  expect(await logsIn(password)).toBe('SUCCESS')
})
