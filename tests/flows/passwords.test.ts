import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestApp, startTestApp } from '../support/app'
import { type Answer, DOORS, call, post } from '../support/client'
import { PASSWORD, registeredPerson, signedIn, someone, verifiedPerson } from '../support/people'

let app: TestApp
/** A server that asks for nothing but lengths: what is told apart here is not how easily it is guessed. */
let lenient: TestApp
beforeAll(async () => {
  app = await startTestApp({ env: { APP_NAME: 'Lighthouse Keepers' } })
  lenient = await startTestApp({ env: { PASSWORD_MIN_SCORE: '0' } })
})
afterAll(() => Promise.all([app.close(), lenient.close()]))

/** The three operations that set a password, as one: with which field, and what they answer. */
const SETTERS: [name: string, field: string, set: (on: TestApp, password: string) => Promise<Answer>][] = [
  ['register', 'password', (on, password) => call(on.url, 'register', { email: someone(), password })],
  [
    'changePassword',
    'newPassword',
    async (on, newPassword) => {
      const { tokens } = await signedIn(on)
      const input = { currentPassword: PASSWORD, newPassword }
      return call(on.url, 'changePassword', input, { token: tokens.accessToken })
    },
  ],
  [
    'confirmReset',
    'password',
    async (on, password) => {
      const email = await verifiedPerson(on)
      await call(on.url, 'requestReset', { email })
      const token = await on.mailedToken(email, /new password/)
      return call(on.url, 'confirmReset', { token, password })
    },
  ],
]

const emoji = (count: number) =>
  Array.from({ length: count }, (_, index) => String.fromCodePoint(0x1f400 + index)).join('')
const letters = (count: number) =>
  Array.from({ length: count }, (_, index) => String.fromCodePoint(0x430 + ((index * 7) % 32))).join('')

describe.each(SETTERS)('a password that %s sets', (_name, field, set) => {
  test.each([
    ['nothing', '', 'REQUIRED'],
    ['seven letters', 'kX9#vq!', 'TOO_SHORT'],
    ['seven emoji, though fourteen UTF-16 units', '🐙🌋🎻🧭🪁🍋🚲', 'TOO_SHORT'],
    ['129 code points', `${letters(128)}x`, 'TOO_LONG'],
    ['129 emoji', emoji(129), 'TOO_LONG'],
    ['a lone high surrogate', `${PASSWORD}\ud800`, 'INVALID_FORMAT'],
    ['a lone low surrogate', `\udfff${PASSWORD}`, 'INVALID_FORMAT'],
    ['NUL', `violet\0tractor seven moons`, 'INVALID_FORMAT'],
  ])('is refused for %s', async (_what, password, code) => {
    const answer = await set(app, password)
    expect(answer.code).toBe('INVALID_INPUT')
    expect(answer.data.fields).toEqual([{ field, code, message: expect.any(String) as string }])
  })

  test.each([
    ...['password', 'passwordpassword', '1234567890', 'qwertyuiop', 'letmein123', 'lighthouse keepers'],
    ...['password'.repeat(8), 'a'.repeat(64), 'я'.repeat(64)],
  ])('is refused as weak, with the reason: %s', async (password) => {
    const answer = await set(app, password)
    expect(answer).toMatchObject({ code: 'WEAK_PASSWORD', data: { score: expect.any(Number) as number } })
    expect(answer.data.suggestions).not.toEqual([])
    expect(answer.data.score).toBeLessThan(3)
    expect(answer.text).not.toMatch(/upper.?case|capital letter|digit|symbol|special char/i)
  })

  test.each([
    ['a phrase of words and spaces', 'correct horse battery staple'],
    ['quotes, backslashes and a tab', `"it's" \\ seven\tmoons' OR 1=1--`],
    ['eight emoji', '🐙🌋🎻🧭🪁🍋🚲🦉'],
    ['128 code points', letters(128)],
    ['64 letters of a sentence', 'зеленый трактор едет через поле где семь лун смотрят на реку дня'],
    ['64 emoji', emoji(64)],
    ['spaces around it', `  ${PASSWORD} 8 `],
  ])('may be %s', async (_what, password) => {
    expect(await set(app, password)).toMatchObject({ code: 'SUCCESS' })
  })
})

test.each([
  ['64 times one letter', 'я'.repeat(64)],
  ['64 letters', letters(64)],
  ['64 emoji', emoji(64)],
  ['128 emoji', emoji(128)],
  ['exactly 72 bytes', 'a'.repeat(71) + 'b'],
  ['73 bytes', 'a'.repeat(72) + 'b'],
])('%s log in as they were registered', async (_what, password) => {
  const email = await registeredPerson(lenient, someone(), password)
  expect(await call(lenient.url, 'login', { email, password })).toMatchObject({ code: 'SUCCESS' })
})

describe('every character counts', () => {
  const eighty = 'violet tractor seven moons '.repeat(3).slice(0, 79)

  test.each([
    ['the last of eighty differs', `${eighty}y`],
    ['only the first 72 bytes are given', eighty.slice(0, 72)],
    ['one is missing at the end', eighty],
    ['a space is added', `${eighty}x `],
    ['its digest is given', createHash('sha384').update(`${eighty}x`).digest('base64')],
  ])('%s: another password', async (_what, other) => {
    const email = await registeredPerson(app, someone(), `${eighty}x`)
    expect(await call(app.url, 'login', { email, password: other })).toMatchObject({ code: 'INVALID_CREDENTIALS' })
    expect(await call(app.url, 'login', { email, password: `${eighty}x` })).toMatchObject({ code: 'SUCCESS' })
  })
})

test.each([
  ['composed', 'decomposed', `caf\u00e9 violet tractor`, `cafe\u0301 violet tractor`],
  ['decomposed', 'composed', `cafe\u0301 violet tractor`, `caf\u00e9 violet tractor`],
  ['Hangul syllables', 'their letters', '한국어 비밀번호 일곱', '한국어 비밀번호 일곱'.normalize('NFD')],
])('registered as %s, it logs in as %s', async (_one, _other, registered, typed) => {
  const email = await registeredPerson(app, someone(), registered)
  expect(await call(app.url, 'login', { email, password: typed })).toMatchObject({ code: 'SUCCESS' })
})

test('the maximum is counted after composing', async () => {
  const composed = letters(127) + 'é'
  const answer = await call(app.url, 'register', { email: someone(), password: composed.normalize('NFD') })
  expect(answer).toMatchObject({ code: 'SUCCESS' })
})

test('the case of a password counts', async () => {
  const email = await verifiedPerson(app)
  const answer = await call(app.url, 'login', { email, password: PASSWORD.toUpperCase() })
  expect(answer).toMatchObject({ code: 'INVALID_CREDENTIALS' })
})

test.each([
  ['their address', (email: string) => email],
  ['the part before the @', (email: string) => email.split('@')[0] ?? ''],
  ['their name', () => 'Wilhelmina Featherstone'],
  ['their name backwards in parts', () => 'Featherstone-Wilhelmina'],
  ['the product', () => 'LighthouseKeepers'],
  ['the host', () => 'localhost localhost'],
])('nobody may take %s as a password', async (_what, passwordOf) => {
  const email = `quillon.marbury.${someone()}`
  const input = { email, password: passwordOf(email), displayName: 'Wilhelmina Featherstone' }
  expect(await call(app.url, 'register', input)).toMatchObject({ code: 'WEAK_PASSWORD' })
})

test('a refused password leaves no user behind', async () => {
  const email = someone()
  for (const password of ['short', 'password', `${PASSWORD}\ud800`])
    await call(app.url, 'register', { email, password })
  const { rowCount } = await app.app.deps.database.pool.query('SELECT 1 FROM users WHERE email = $1', [email])
  expect(rowCount).toBe(0)
})

test('two people with one password have different hashes', async () => {
  const people = [await registeredPerson(app), await registeredPerson(app)]
  const { pool } = app.app.deps.database
  const { rows } = await pool.query<{ password_hash: string }>(
    'SELECT password_hash FROM users WHERE email = ANY($1)',
    [people],
  )
  expect(new Set(rows.map((row) => row.password_hash)).size).toBe(2)
})

test('the policy is told', async () => {
  const query = '{ result: passwordPolicy { minLength maxLength minScore } }'
  const answer = async (on: TestApp) => await (await post(on.url, { query })).json()
  expect(await answer(app)).toEqual({ data: { result: { minLength: 8, maxLength: 128, minScore: 3 } } })
  expect(await answer(lenient)).toEqual({ data: { result: { minLength: 8, maxLength: 128, minScore: 0 } } })
})

describe('where a list of leaked passwords is asked', () => {
  const LEAKED = 'marble teapot under seven bridges'
  let breaches: Server
  let asking: TestApp
  beforeAll(async () => {
    const line = `${createHash('sha1').update(LEAKED).digest('hex').toUpperCase().slice(5)}:17\r\n`
    breaches = createServer((_request, response) => response.end(line)).listen(0, '127.0.0.1')
    await once(breaches, 'listening')
    const { port } = breaches.address() as AddressInfo
    asking = await startTestApp({ env: { BREACH_CHECK_URL: `http://127.0.0.1:${port}/` } })
  })
  afterAll(async () => {
    await asking.close()
    breaches.close()
  })

  test.each(DOORS)(
    'by %s a password that stands there is weak, however long it is, and says why',
    async (_by, door) => {
      const answer = await door(asking.url, 'register', { email: someone(), password: LEAKED })
      expect(answer).toMatchObject({ code: 'WEAK_PASSWORD', data: { score: 0 } })
      expect(answer.data.suggestions).toHaveLength(1)
      const other = await door(asking.url, 'register', { email: someone(), password: PASSWORD })
      expect(other.code).toBe('SUCCESS')
    },
  )
})
