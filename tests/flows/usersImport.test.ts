import { createCipheriv, pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import argon2 from 'argon2'
import bcrypt from 'bcrypt'
import { decodeJwt } from 'jose'
import { v4 as uuidv4 } from 'uuid'
import { type TestApp, startTestApp } from '../support/app'
import { call, me, post } from '../support/client'
import { importing as runImport } from '../support/importing'
import { NEW_PASSWORD, PASSWORD, loggedIn, someone, verifiedPerson } from '../support/people'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-import-'))
const LONG = 'violet tractor seven moons over the copper lantern of nine rivers, then eighty'
let app: TestApp
let hash: string
beforeAll(async () => {
  app = await startTestApp({ bcryptCost: 5 })
  hash = await bcrypt.hash(PASSWORD, 4)
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true, force: true })
})

const importing = (input: string | Buffer, options: Parameters<typeof runImport>[2] = {}) =>
  runImport(app, input, { folder, ...options })

const line = (email: string, more: object = {}) =>
  JSON.stringify({ email, passwordHash: hash, emailVerifiedAt: '2026-01-01T00:00:00Z', ...more })

const counts = (imported: number, skipped: number, refused: number) =>
  `${imported} imported, ${skipped} already there, ${refused} refused\n`

const ofKind = (kind: 'already there' | 'refused', problems: string[]) =>
  `${kind}:\n${problems.map((problem) => `  1 × ${problem}\n`).join('')}`

const sql = (text: string, values: unknown[]) => app.app.deps.database.pool.query<Record<string, unknown>>(text, values)

async function row(email: string): Promise<Record<string, unknown> | undefined> {
  return (await sql('SELECT * FROM users WHERE email = $1', [email])).rows[0]
}

async function loginCode(email: string, password = PASSWORD): Promise<string> {
  return (await call(app.url, 'login', { email, password })).code
}

describe('the file', () => {
  test('brings in people who log in with the password they have, from a file or standard input', async () => {
    const [first, second, third] = [someone(), someone(), someone()]
    const php = { passwordHash: hash.replace('$2b', '$2y'), displayName: 'Zoë', locale: 'de' }
    const lines = [line(first.toUpperCase()), '', line(second, php), line(third, { emailVerifiedAt: null })]
    expect(await importing(lines.join('\r\n'), { from: 'file' })).toEqual({
      code: 0,
      stdout: counts(3, 0, 0),
      stderr: '',
    })
    expect(await loginCode(first)).toBe('SUCCESS')
    const login = await call(app.url, 'login', { email: second, password: PASSWORD })
    expect(login.data.user).toMatchObject({ displayName: 'Zoë', locale: 'de', emailVerified: true })
    expect(await row(second)).toMatchObject({ password_hash: expect.stringMatching(/^\$2b\$05\$/) as string })
    expect(await loginCode(third)).toBe('EMAIL_NOT_VERIFIED')
    expect(await row(third)).toMatchObject({ imported_at: expect.any(Date) as Date, email_verified_at: null })
  })

  test('may begin with a byte order mark, and hold line separators of Unicode within a value', async () => {
    const email = someone()
    const ended = await importing(`\ufeff${line(email, { displayName: 'Ada\u2028Lovelace' })}\n`)
    expect(ended).toEqual({ code: 0, stdout: counts(1, 0, 0), stderr: '' })
    expect(await row(email)).toMatchObject({ display_name: 'Ada Lovelace' })
  })

  test('a line that is not UTF-8, too long, or no JSON object is refused by its number, and the others are taken', async () => {
    const [good, latin] = [someone(), someone()]
    const input = Buffer.concat([
      Buffer.from(line(latin, { displayName: 'Zoë' }), 'latin1'),
      Buffer.from(`\n${'x'.repeat(70_000)}\n[]\n"canary"\ncanary\n${line(good)}`),
    ])
    const { code, stdout, stderr } = await importing(input)
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: `${counts(1, 0, 5)}refused:
  2 × is not a JSON object
  1 × is not UTF-8
  1 × has more than 65536 bytes
  1 × is not JSON
`,
    })
    expect(stderr.trim().split('\n')).toEqual([
      'line 1: refused: is not UTF-8',
      'line 2: refused: has more than 65536 bytes',
      'line 3: refused: is not a JSON object',
      'line 4: refused: is not a JSON object',
      'line 5: refused: is not JSON',
    ])
    expect(await row(latin)).toBeUndefined()
    expect(await loginCode(good)).toBe('SUCCESS')
  })

  test('that is not there is a failure, and an unknown option a mistake', async () => {
    expect(await importing('', { args: [join(folder, 'none.jsonl')] })).toMatchObject({
      code: 1,
      stderr: 'gatehouse users: There is no file of that name\n',
    })
    expect((await importing('', { args: ['--force'] })).code).toBe(1)
    expect((await importing('', { args: ['a', 'b'] })).code).toBe(1)
  })
})

describe('a line', () => {
  test('every problem of it is told at once, and no value of it', async () => {
    const email = 'canary@@example.com'
    const wrong = {
      ...{ email, passwordHash: '$6$canary$canary', displayName: 'c'.repeat(101), locale: 'no canary', id: 'canary' },
      ...{ emailVerifiedAt: 'canary', createdAt: '2999-01-01T00:00:00Z', admin: true, 'canary@example.com': 1 },
      ...{ verified: 'canary', disabledReason: 'canary', roles: ['7 canary'], claims: { canary: [['canary']] } },
    }
    const { code, stdout, stderr } = await importing(JSON.stringify(wrong))
    expect(`${stdout}${stderr}`).not.toContain('canary')
    const problems = [
      'has an unknown key admin',
      'has an unknown key with odd characters',
      'email is no plain address, as in ada@example.com',
      'displayName has more than 100 characters',
      'locale is no language tag, as in de or pt-BR',
      'verified and emailVerifiedAt are both there: one of them says it',
      'verified is neither true nor false',
      'emailVerifiedAt is no time with its offset, as in 2026-01-31T09:00:00Z',
      'createdAt is in the future',
      'disabledReason is there, but disabledAt is not',
      'roles: a role is a letter and up to 39 letters, digits, dots, colons, hyphens or underscores',
      'claims: a value is a text, a number, true, false or null, or one list or object of these',
      'id is no UUID',
      'passwordHash is SHA-512 crypt, which is not supported',
    ]
    expect({ code, stdout, stderr }).toEqual({
      code: 1,
      stdout: counts(0, 0, 1) + ofKind('refused', problems),
      stderr: `line 1: refused: ${problems.join('; ')}\n`,
    })
  })

  test('the message says what is wrong with a hash', async () => {
    const wrong: [hash: string, problem: string][] = [
      ['', 'is empty'],
      ['canary', 'is in none of the supported spellings ($2b$, $argon2id$, $scrypt$, $pbkdf2-sha256$, $fbscrypt$)'],
      ['$2b$12$canary', 'is bcrypt with 6 characters after its cost, not 53: is it cut?'],
      ['$2b$1$canary', 'is bcrypt, but its cost is not two digits'],
      ['$2x$10$canary', 'is bcrypt of a variant with known defects ($2$, $2x$)'],
      ['{CRYPT}$2y$10$canary', 'begins with a scheme in braces: remove it where a supported hash follows'],
      ['$argon2i$v=19$m=65536,t=2,p=1$canary$canary', 'is argon2i whose salt is no base64 of 8 to 64 bytes'],
      ['$scrypt$ln=18,r=8,p=1$canary$canary', 'is scrypt with N times r times p above 1048576'],
      ['$scrypt$ln=14,r=8,p=1$canary', 'is scrypt without salt or digest, or with parts too many'],
      ['$pbkdf2-sha256$i=2000000$canary$canary', 'is pbkdf2-sha256 with iterations outside 1 to 1500000'],
      ['bcrypt_sha256$$2b$12$canary', 'is bcrypt with 6 characters after its cost, not 53: is it cut?'],
      ['scrypt$canary$16384$8$5$canary', 'is scrypt in an unknown spelling: it has to begin with $scrypt$ln='],
      ['$argon2id$v=19$m=65536,t=2$canary$canary', 'is argon2id without whole numbers for m, t and p'],
      ['$argon2id$v=19$m=65536,t=2,p=1$canary', 'is argon2id without salt or digest, or with parts too many'],
      ['$argon2id$v=19$m=65536,t=2,p=1$canary$canary', 'is argon2id whose salt is no base64 of 8 to 64 bytes'],
      ['0123456789abcdef0123456789abcdef', 'is a bare digest in hexadecimal, which is not supported'],
      [
        'pbkdf2_sha256$canary',
        'is PBKDF2 of SHA-1 or in an unknown spelling: it has to begin with $pbkdf2-sha256$ or $pbkdf2-sha512$',
      ],
    ]
    const { code, stderr } = await importing(
      wrong.map(([passwordHash]) => line(someone(), { passwordHash })).join('\n'),
    )
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toEqual(
      wrong.map(([, problem], index) => `line ${index + 1}: refused: passwordHash ${problem}`),
    )
  })

  test('a language is stored in its canonical spelling', async () => {
    const languages = ['pt-br', 'de_DE', 'EN'].map((locale) => ({ locale, email: someone() }))
    await importing(languages.map(({ email, locale }) => line(email, { locale })).join('\n'))
    const rows = await Promise.all(languages.map(({ email }) => row(email)))
    expect(rows.map((stored) => stored?.locale)).toEqual(['pt-BR', 'de-DE', 'en'])
  })

  test('id and createdAt are kept', async () => {
    const [email, id] = [someone(), uuidv4()]
    await importing(line(email, { id: id.toUpperCase(), createdAt: '2019-03-01T10:00:00+01:00' }))
    expect(await row(email)).toMatchObject({ id, created_at: new Date('2019-03-01T09:00:00Z') })
    const { tokens } = await loggedIn(app, email)
    expect((await me(app.url, { token: tokens.accessToken })).data).toMatchObject({ id })
    const taken = await importing(line(someone(), { id }))
    expect(taken).toMatchObject({ code: 1, stderr: 'line 1: refused: id is that of another account\n' })
  })

  test('whether the address was verified may be told without the time', async () => {
    const [yes, no, neither] = [someone(), someone(), someone()]
    const lines = [line(yes, { verified: true }), line(no, { verified: false }), line(neither)].map((text) =>
      JSON.stringify({ ...(JSON.parse(text) as object), emailVerifiedAt: undefined }),
    )
    const before = Date.now()
    const { stdout, stderr } = await importing(lines.join('\n'))
    const problem = 'emailVerifiedAt is missing: a time, or null for never; or verified, which is true or false'
    expect(stdout).toBe(counts(2, 0, 1) + ofKind('refused', [problem]))
    expect(stderr).toBe(`line 3: refused: ${problem}\n`)
    const verifiedAt = (await row(yes))?.email_verified_at as Date
    expect(verifiedAt.getTime()).toBeGreaterThanOrEqual(before)
    expect([await loginCode(yes), await loginCode(no)]).toEqual(['SUCCESS', 'EMAIL_NOT_VERIFIED'])
  })

  test('roles and claims are in the first access token', async () => {
    const email = someone()
    const claims = { plan: 'pro', limits: { seats: 5 }, teams: ['a', 'b'] }
    await importing(line(email, { roles: ['editor', 'admin', 'editor'], claims }))
    expect(await row(email)).toMatchObject({ roles: ['editor', 'admin'], claims })
    const { tokens } = await loggedIn(app, email)
    expect(decodeJwt(tokens.accessToken)).toMatchObject({ roles: ['editor', 'admin'] })
  })

  test('a profile is what its owner reads', async () => {
    const email = someone()
    const profile = { phone: '+49 30 1', languages: ['de', { reads: 'en' }] }
    await importing([line(email, { profile }), line(someone(), { profile: {} })].join('\n'))
    const { tokens } = await loggedIn(app, email)
    const read = await post(app.url, { query: '{ me { profile } }' }, { token: tokens.accessToken })
    expect(await read.json()).toEqual({ data: { me: { profile } } })
    expect((await sql('SELECT 1 FROM profiles', [])).rowCount).toBe(1)
  })

  test('claims and profiles fit the schemas that are configured', async () => {
    const schema = join(folder, 'schema.json')
    const required = { type: 'object', properties: { plan: { enum: ['free', 'pro'] } }, required: ['plan'] }
    writeFileSync(schema, JSON.stringify({ ...required, additionalProperties: false }))
    const env = { CLAIMS_SCHEMA_FILE: schema, PROFILE_SCHEMA_FILE: schema }
    const plans = [{ plan: 'pro' }, { plan: 'canary' }, { canary: 1 }]
    const lines = plans.flatMap((plan) => [line(someone(), { claims: plan }), line(someone(), { profile: plan })])
    const { stdout, stderr } = await importing(lines.join('\n'), { env })
    expect(stdout).toMatch(/^2 imported, 0 already there, 4 refused\n/)
    expect(stderr.trim().split('\n')).toEqual([
      'line 3: refused: claims does not fit its JSON Schema: must be equal to one of the allowed values',
      'line 4: refused: profile does not fit its JSON Schema: must be equal to one of the allowed values',
      "line 5: refused: claims does not fit its JSON Schema: must have required property 'plan'",
      "line 6: refused: profile does not fit its JSON Schema: must have required property 'plan'",
    ])
  })

  test('roles, claims, profiles and the reason of a disabled account keep the rules that others keep', async () => {
    const wrong: [more: object, problem: string][] = [
      [{ roles: 'admin' }, 'roles is no list of texts'],
      [{ roles: [1] }, 'roles is no list of texts'],
      [{ roles: Array.from({ length: 21 }, (_, n) => `role${n}`) }, 'roles: at most 20 roles'],
      [{ claims: ['a'] }, 'claims: claims are one JSON object'],
      [{ claims: { a: 'b'.repeat(2048) } }, 'claims: claims are 2048 bytes at most'],
      [{ profile: [] }, 'profile is no JSON object'],
      [{ profile: { a: 'b'.repeat(4_096) } }, 'profile has more than 4096 bytes'],
      [{ profile: { a: ['\u0000'] } }, 'profile holds NUL or half of a surrogate pair'],
      [{ disabledAt: true }, 'disabledAt is no text'],
      [
        { disabledAt: '2026-02-01T00:00:00Z', disabledReason: 'x\u0000' },
        'disabledReason holds NUL or half of a surrogate pair',
      ],
      [
        { disabledAt: '2026-02-01T00:00:00Z', disabledReason: 'x'.repeat(501) },
        'disabledReason has more than 500 characters',
      ],
    ]
    const { code, stderr } = await importing(wrong.map(([more]) => line(someone(), more)).join('\n'))
    expect(code).toBe(1)
    expect(stderr.trim().split('\n')).toEqual(
      wrong.map(([, problem], index) => `line ${index + 1}: refused: ${problem}`),
    )
  })

  test('a disabled account comes in disabled: its password does not log in', async () => {
    const email = someone()
    const disabled = { disabledAt: '2026-02-01T00:00:00Z', disabledReason: 'chargeback' }
    await importing(line(email, disabled))
    expect(await row(email)).toMatchObject({
      disabled_at: new Date('2026-02-01T00:00:00Z'),
      disabled_reason: 'chargeback',
    })
    expect(await loginCode(email)).toBe('INVALID_CREDENTIALS')
    await sql('UPDATE users SET disabled_at = NULL, disabled_reason = NULL WHERE email = $1', [email])
    expect(await loginCode(email)).toBe('SUCCESS')
  })

  test('without a hash nobody logs in until the owner has set a password by a reset', async () => {
    const email = someone()
    const ended = await importing(line(email, { passwordHash: null }))
    expect(ended.stdout).toBe(counts(1, 0, 0))
    expect(await row(email)).toMatchObject({ password_hash: '!' })
    expect(await loginCode(email, '!')).toBe('INVALID_CREDENTIALS')
    await call(app.url, 'requestReset', { email })
    const token = await app.mailedToken(email, /new password/)
    expect((await call(app.url, 'confirmReset', { token, password: NEW_PASSWORD })).code).toBe('SUCCESS')
    expect(await loginCode(email, NEW_PASSWORD)).toBe('SUCCESS')
  })
})

const DOCS = join(__dirname, '../../docs/import.md')
const PROJECT = join(folder, 'project.txt')
const SIGNER_KEY = randomBytes(64)

/**
 * What each system stores of PASSWORD: written by Django 5.2 and, for Keycloak's argon2, by the reference implementation; the others
 * are computed as their source says. At lower costs than usual where the system lets choose them.
 */
const OTHER_SYSTEMS: Record<string, { passwordHash: unknown; passwordSalt?: string }> = {
  'Django (PBKDF2)': {
    passwordHash: 'pbkdf2_sha256$1000$8qmYc9nJp1YXHhxkE9giKv$WGuefp3adPxrXCD5BxX+E9YOdjTHhk+5E3o1TVSkJxA=',
  },
  'Django (scrypt)': {
    passwordHash:
      'scrypt$1024$Dx1Vp8jZY5bNHW8mBtiaSm$8$5$4AOAOxiwbSKLMlFYQzjD01ds1mgtsbw16ngUmAcqSHbuut/tEnuXGkbLTVrnYqRIoY/pnZrkumBS+2tavI7HgQ==',
  },
  'Django (argon2)': {
    passwordHash:
      'argon2$argon2id$v=19$m=1024,t=2,p=8$WTRyeGFkUVJNWW1pRXo5RFBiREg3Sg$gPGWsFeTUzaGKc9kw77mbglgAk4ZPyf4QDI48B8DLFU',
  },
  'Django (bcrypt)': { passwordHash: 'bcrypt$$2b$04$YLCchSUmUY5dwKnpQbtBlutq00LXC4OY7xcSTILCpi2l1MXfX6lcy' },
  'Django (bcrypt of SHA-256)': {
    passwordHash: 'bcrypt_sha256$$2b$04$n/mk/EDEVf6xqmg3N385CeCTarcKs5289q7sbz0wjuym4w.DO8yGe',
  },
  'Keycloak (argon2)': {
    passwordHash: {
      type: 'password',
      secretData:
        '{"value":"WatTyKKVq0H2qvwKC5q6LInsUeKxc2j+2jPsfSvE8RE=","salt":"aUqYQGaUjjSsMD5DUSnD0Q==","additionalParameters":{}}',
      credentialData:
        '{"hashIterations":5,"algorithm":"argon2","additionalParameters":{"hashLength":["32"],"memory":["7168"],"type":["id"],"version":["1.3"],"parallelism":["1"]}}',
    },
  },
  'Keycloak (PBKDF2 of SHA-512)': { passwordHash: keycloak('sha512', 1000, 64) },
  'Keycloak (PBKDF2 of SHA-256 with 64 bytes)': { passwordHash: keycloak('sha256', 1000, 64) },
  'better-auth': {
    passwordHash: betterAuth('0123456789abcdef0123456789abcdef'),
  },
  Firebase: firebase(),
}

function keycloak(hmac: string, hashIterations: number, length: number): object {
  const salt = randomBytes(16)
  const value = pbkdf2Sync(PASSWORD, salt, hashIterations, length, hmac).toString('base64')
  return {
    type: 'password',
    secretData: JSON.stringify({ value, salt: salt.toString('base64'), additionalParameters: {} }),
    credentialData: JSON.stringify({ hashIterations, algorithm: `pbkdf2-${hmac}`, additionalParameters: {} }),
  }
}

function betterAuth(salt: string): string {
  const key = scryptSync(PASSWORD.normalize('NFKC'), salt, 64, { N: 16_384, r: 16, p: 1, maxmem: 2 ** 26 })
  return `${salt}:${key.toString('hex')}`
}

function firebase(): { passwordHash: string; passwordSalt: string } {
  const salt = randomBytes(8)
  const key = scryptSync(PASSWORD, Buffer.concat([salt, Buffer.from('Bw==', 'base64')]), 32, { N: 2 ** 10, r: 8, p: 1 })
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return { passwordHash: cipher.update(SIGNER_KEY).toString('base64'), passwordSalt: salt.toString('base64') }
}

describe('hashes of other systems', () => {
  beforeEach(() => {
    const parameters = `base64_signer_key: ${SIGNER_KEY.toString('base64')},\n base64_salt_separator: Bw==,`
    writeFileSync(PROJECT, `hash_config {\n algorithm: SCRYPT,\n ${parameters}\n rounds: 8,\n mem_cost: 10,\n}`)
  })

  test('of passwords over 72 bytes log in, and are rewritten so that every character counts', async () => {
    const email = someone()
    expect(LONG.length).toBeGreaterThan(72)
    await importing(line(email, { passwordHash: await bcrypt.hash(LONG, 4) }))
    expect(await loginCode(email, LONG)).toBe('SUCCESS')
    expect(await loginCode(email, `${LONG.slice(0, -1)}!`)).toBe('INVALID_CREDENTIALS')
    expect(await loginCode(email, LONG.slice(0, 72))).toBe('INVALID_CREDENTIALS')
    expect(await loginCode(email, LONG)).toBe('SUCCESS')
  })

  test('of text that is not NFC log in as typed, and in either spelling from then on', async () => {
    const email = someone()
    const decomposed = 'cafe\u0301 violet tractor'
    await importing(line(email, { passwordHash: await bcrypt.hash(decomposed, 4) }))
    expect(await loginCode(email, decomposed)).toBe('SUCCESS')
    expect(await loginCode(email, decomposed.normalize('NFC'))).toBe('SUCCESS')
  })

  test('argon2id is taken with its parameters in any order, without a version, padded, with blanks around it', async () => {
    const options = { type: argon2.argon2id, memoryCost: 1024, timeCost: 2, parallelism: 1 } as const
    const [, , , , salt, digest] = (await argon2.hash(PASSWORD, options)).split('$')
    const first = await argon2.hash(PASSWORD, { ...options, version: 16 })
    const [, , , , salt16, digest16] = first.split('$')
    const [one, two] = [someone(), someone()]
    const ended = await importing(
      [
        line(one, { passwordHash: ` $argon2id$v=19$t=2,p=1,m=1024$${salt ?? ''}==$${digest ?? ''}= \t` }),
        line(two, { passwordHash: `$argon2id$p=1,m=1024,t=2$${salt16 ?? ''}$${digest16 ?? ''}` }),
      ].join('\n'),
    )
    expect(ended).toEqual({ code: 0, stdout: counts(2, 0, 0), stderr: '' })
    expect([await loginCode(one), await loginCode(two)]).toEqual(['SUCCESS', 'SUCCESS'])
    expect(await row(one)).toMatchObject({ password_hash: expect.stringMatching(/^\$2b\$05\$/) as string })
  })

  test('of every system log in out of one file, and are replaced by our own', async () => {
    const people = Object.entries(OTHER_SYSTEMS).map(([system, stored]) => ({ system, stored, email: someone() }))
    const lines = Array.from({ length: 1_500 }, (_, index) => {
      const person = people[index / 100]
      return person ? line(person.email, person.stored) : line(someone(), { passwordHash: null })
    })
    const ended = await importing(lines.join('\n'), { args: ['--firebase', PROJECT] })
    expect(ended).toEqual({ code: 0, stdout: counts(1_500, 0, 0), stderr: '' })
    for (const { system, email } of people) {
      const before = (await row(email))?.password_hash
      const codes = [await loginCode(email, `${PASSWORD} `), await loginCode(email)]
      expect({ system, codes }).toEqual({ system, codes: ['INVALID_CREDENTIALS', 'SUCCESS'] })
      const after = (await row(email))?.password_hash
      expect(after).toMatch(/^\$2b\$05\$.{53}$/)
      expect(after).not.toBe(before)
      expect(await loginCode(email)).toBe('SUCCESS')
    }
  })

  test('are counted by the statement of docs/import.md, each kind by its costs', async () => {
    const stored = Object.values(OTHER_SYSTEMS).map((other) => line(someone(), other))
    await importing(stored.join('\n'), { args: ['--firebase', PROJECT] })
    const [, statement = ''] = /```sql\n(SELECT [^`]+)```/.exec(readFileSync(DOCS, 'utf8')) ?? []
    const kinds = (await sql(statement, [])).rows.map(({ kind }) => kind)
    expect(kinds).toEqual(
      expect.arrayContaining([
        ...['$2b$04$', '$argon2id$v=19$m=1024,t=2,p=8$', '$argon2id$v=19$m=7168,t=5,p=1$', '$pbkdf2-sha512$i=1000$'],
        ...[
          '$pbkdf2-sha256$i=1000$',
          '$scrypt$ln=10,r=8,p=5$',
          '$scrypt$ln=14,r=16,p=1$',
          '$fbscrypt$v=1,n=10,r=8,p=1',
        ],
        'none',
      ]),
    )
  })

  test('of Firebase need the parameters of the project', async () => {
    const salted = { passwordHash: 'canary==', passwordSalt: 'canary==' }
    const without = await importing(line(someone(), salted))
    expect(without.stderr).toBe(
      'line 1: refused: passwordSalt is there, but --firebase FILE is not: its project’s parameters are needed\n',
    )
    writeFileSync(PROJECT, 'hash_config { rounds: 8 }')
    expect(await importing(line(someone(), salted), { args: ['--firebase', PROJECT] })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('lacks base64_signer_key') as string,
    })
  })

  test('costlier than configured are refused, since every login would cost as much', async () => {
    const costly = '$2b$11$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'
    const refused = await importing(line(someone(), { passwordHash: costly }), { env: { BCRYPT_COST: '10' } })
    expect(refused).toMatchObject({
      code: 1,
      stderr:
        'line 1: refused: passwordHash is bcrypt of cost 11, above BCRYPT_COST=10: raise that, or leave the hash out\n',
    })
    const argon2Costly = '$argon2id$v=19$m=262144,t=4,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    expect((await importing(line(someone(), { passwordHash: argon2Costly }))).stderr).toContain(
      'm times t above 262144',
    )
  })

  test('of more kinds of argon2id than four are refused', async () => {
    const kinds = [8, 16, 24, 32, 40, 48].map((memory) =>
      line(someone(), {
        passwordHash: `$argon2id$v=19$m=${memory},t=1,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc`,
      }),
    )
    const { code, stderr } = await importing(kinds.join('\n'), { args: ['--dry-run'] })
    expect(code).toBe(1)
    expect(stderr).toMatch(/line 6: refused: passwordHash is argon2 with other parameters than the 4 kinds/)
    expect(stderr).not.toMatch(/line 1:/)
  })
})

describe('an address that is there already', () => {
  test('of a verified account is skipped and named by its line', async () => {
    const taken = await verifiedPerson(app)
    const ended = await importing(
      `${line(someone())}\n${line(taken, { passwordHash: await bcrypt.hash(NEW_PASSWORD, 4) })}`,
    )
    expect(ended).toEqual({
      code: 0,
      stdout: counts(1, 1, 0) + ofKind('already there', ['a verified account has this address']),
      stderr: 'line 2: skipped: a verified account has this address\n',
    })
    expect([await loginCode(taken), await loginCode(taken, NEW_PASSWORD)]).toEqual(['SUCCESS', 'INVALID_CREDENTIALS'])
  })

  test('of a registration that nobody verified is replaced, and its links die', async () => {
    const email = someone()
    await call(app.url, 'register', { email, password: NEW_PASSWORD, displayName: 'Mallory' })
    const token = await app.mailedToken(email, /Confirm/)
    const ended = await importing(line(email, { displayName: 'Ada' }))
    expect(ended).toEqual({
      code: 0,
      stdout: `${counts(1, 0, 0)}1 of the imported in place of a registration that was never verified\n`,
      stderr: '',
    })
    expect((await call(app.url, 'verifyEmail', { token })).code).toBe('INVALID_TOKEN')
    expect([await loginCode(email), await loginCode(email, NEW_PASSWORD)]).toEqual(['SUCCESS', 'INVALID_CREDENTIALS'])
    expect(await row(email)).toMatchObject({ display_name: 'Ada' })
    const { rows } = await sql('SELECT r.id FROM registrations r JOIN users u ON u.id = r.user_id WHERE email = $1', [
      email,
    ])
    expect(rows).toEqual([])
  })

  test('is replaced while strangers go on registering it', async () => {
    const email = someone()
    const register = () => call(app.url, 'register', { email, password: NEW_PASSWORD })
    const [ended] = await Promise.all([importing(line(email)), ...Array.from({ length: 5 }, register)])
    expect(ended.code).toBe(0)
    expect(await row(email)).toMatchObject({ email_verified_at: new Date('2026-01-01T00:00:00Z') })
    expect(await loginCode(email)).toBe('SUCCESS')
  })

  test('of an import stays as it is, verified or not: a second run changes nothing', async () => {
    const [verified, unverified] = [someone(), someone()]
    const lines = `${line(verified)}\n${line(unverified, { emailVerifiedAt: null })}`
    await importing(lines)
    const before = [await row(verified), await row(unverified)]
    expect(await importing(lines)).toEqual({
      code: 0,
      stdout:
        counts(0, 2, 0) +
        ofKind('already there', ['a verified account has this address', 'this address was imported before']),
      stderr:
        'line 1: skipped: a verified account has this address\nline 2: skipped: this address was imported before\n',
    })
    expect([await row(verified), await row(unverified)]).toEqual(before)
  })

  test('that was theirs until lately is kept for them', async () => {
    const [email, former] = [someone(), someone()]
    await importing(line(email))
    await sql(
      `INSERT INTO former_emails (user_id, email, token_hash, changed_at, expires_at)
       SELECT id, $2, sha256('x'), now(), now() + interval '7 days' FROM users WHERE email = $1`,
      [email, former],
    )
    const reason = 'a verified account had this address within seven days'
    expect(await importing(line(former))).toEqual({
      code: 0,
      stdout: counts(0, 1, 0) + ofKind('already there', [reason]),
      stderr: `line 1: skipped: ${reason}\n`,
    })
    expect(await row(former)).toBeUndefined()
  })

  test('further up in the file is named with that line: the first one counts', async () => {
    const [email, id] = [someone(), uuidv4()]
    const ended = await importing([line(email, { id }), line(email.toUpperCase()), line(someone(), { id })].join('\n'))
    expect(ended).toEqual({
      code: 0,
      stdout:
        counts(1, 2, 0) +
        ofKind('already there', ['a line further up has the same address', 'a line further up has the same id']),
      stderr: 'line 2: skipped: line 1 has the same address\nline 3: skipped: line 1 has the same id\n',
    })
  })
})

test('a dry run says what an import would do, and writes nothing', async () => {
  const [fresh, claimed, taken] = [someone(), someone(), await verifiedPerson(app)]
  await call(app.url, 'register', { email: claimed, password: NEW_PASSWORD })
  const before = await row(claimed)
  const lines = [line(fresh), line(claimed), line(taken), line(fresh), line('none'), line(someone(), { locale: '?' })]
  const dry = await importing(lines.join('\n'), { args: ['--dry-run'], from: 'file' })
  expect(dry.code).toBe(1)
  expect(dry.stdout).toMatch(/^Dry run, nothing is written: 2 imported, 2 already there, 2 refused\n1 of the imported/)
  expect([await row(fresh), await row(claimed)]).toEqual([undefined, before])
  const real = await importing(lines.join('\n'))
  expect(dry.stdout).toBe(`Dry run, nothing is written: ${real.stdout}`)
  expect(dry.stderr).toBe(real.stderr)
})
