import { randomUUID } from 'node:crypto'
import { mailTokens, newOpaqueToken } from '../../src/crypto/opaqueToken'
import { deriveSecrets } from '../../src/crypto/secrets'
import { type TestApp, startTestApp } from '../support/app'
import { type Answer, call, me } from '../support/client'
import { NEW_PASSWORD, PASSWORD, signedIn, someone, verifiedPerson } from '../support/people'
import { dumpTables } from '../support/tables'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

/** A fresh token of each kind, of an account of its own. */
const KINDS: Record<string, () => Promise<string>> = {
  'an access token': async () => (await signedIn(app)).tokens.accessToken,
  'a refresh token': async () => (await signedIn(app)).tokens.refreshToken ?? '',
  'a verification link': async () => {
    const email = someone()
    await call(app.url, 'register', { email, password: PASSWORD })
    return app.mailedToken(email)
  },
  'a reset link': async () => {
    const email = await verifiedPerson(app)
    await call(app.url, 'requestReset', { email })
    return app.mailedToken(email, /new password/)
  },
  'an address-change link': async () => {
    const { tokens } = await signedIn(app)
    const newEmail = someone()
    await call(app.url, 'requestEmailChange', { newEmail, password: PASSWORD }, { token: tokens.accessToken })
    return app.mailedToken(newEmail)
  },
  'a link that undoes a change of address': async () => {
    const { email, tokens } = await signedIn(app)
    const newEmail = someone()
    await call(app.url, 'requestEmailChange', { newEmail, password: PASSWORD }, { token: tokens.accessToken })
    await call(app.url, 'confirmEmailChange', { token: await app.mailedToken(newEmail) })
    return app.mailedToken(email, /was changed/)
  },
  'a link that rejects a login': async () => {
    const { email } = await signedIn(app)
    await call(app.url, 'login', { email, password: PASSWORD }, { headers: { 'user-agent': 'another device' } })
    return app.mailedToken(email, /New login/)
  },
}

/** Every place that takes a token, in the order of the kinds. */
const SLOTS: [name: string, use: (token: string) => Promise<Answer>][] = [
  ['the Authorization header', (token) => me(app.url, { token })],
  ['refreshSession', (refreshToken) => call(app.url, 'refreshSession', { refreshToken })],
  ['verifyEmail', (token) => call(app.url, 'verifyEmail', { token })],
  ['confirmReset', (token) => call(app.url, 'confirmReset', { token, password: NEW_PASSWORD })],
  ['confirmEmailChange', (token) => call(app.url, 'confirmEmailChange', { token })],
  ['undoEmailChange', (token) => call(app.url, 'undoEmailChange', { token })],
  ['rejectLogin', (token) => call(app.url, 'rejectLogin', { token })],
]

describe.each(Object.entries(KINDS).map(([kind, make], own) => ({ kind, make, own })))('$kind', ({ make, own }) => {
  test(`works in ${SLOTS[own]?.[0] ?? ''} and nowhere else, and a wrong place does not use it up`, async () => {
    const token = await make()
    for (const [index, [, use]] of SLOTS.entries()) {
      if (index === own) continue
      expect((await use(token)).code).toBe(index === 0 ? 'UNAUTHENTICATED' : 'INVALID_TOKEN')
    }
    expect((await SLOTS[own]?.[1](token))?.code).toBe('SUCCESS')
  })

  test('is not in the database', async () => {
    const token = await make()
    const dump = await dumpTables(app.app.deps.database.pool)
    expect(dump).not.toContain(token)
    expect(dump).not.toContain(Buffer.from(token, 'base64url').toString('hex'))
    expect(dump).not.toContain(Buffer.from(token).toString('hex'))
  })
})

test('a waiting mail holds no link that could be used', async () => {
  const email = await verifiedPerson(app)
  app.smtp.behaviourOf.set(email, 450)
  await call(app.url, 'requestReset', { email })
  await app.smtp.waitForAttempts(email, 2)
  const waiting = await dumpTables(app.app.deps.database.pool)
  app.smtp.behaviourOf.delete(email)
  const token = await app.mailedToken(email, /new password/)
  expect(waiting).toContain('resetPassword')
  expect(waiting).not.toContain(token)
})

test.each([
  ['random', () => newOpaqueToken()],
  [
    'derived',
    () =>
      mailTokens(deriveSecrets('the secret of the tests, which is long enough', null), 'VERIFY_EMAIL', randomUUID())[0],
  ],
])('a thousand tokens, %s, are as distinct and as even as 256 random bits', (_how, make) => {
  const tokens = Array.from({ length: 1000 }, make)
  expect(new Set(tokens).size).toBe(1000)
  expect(new Set(tokens.map((token) => token.slice(0, 8))).size).toBe(1000)
  expect(tokens.every((token) => /^[\w-]{43}$/.test(token))).toBe(true)
  const counts = Array.from({ length: 256 }, () => 0)
  for (const byte of Buffer.concat(tokens.map((token) => Buffer.from(token, 'base64url')))) {
    counts[byte] = (counts[byte] ?? 0) + 1
  }
  const expected = (1000 * 32) / 256
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  // 255 degrees of freedom: mean 255, deviation 22.6. Beyond six deviations it is no chance.
  expect(chiSquare).toBeLessThan(255 + 6 * 22.6)
})
