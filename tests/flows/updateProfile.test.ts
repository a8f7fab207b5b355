import { type TestApp, startTestApp } from '../support/app'
import { type Answer, call, me } from '../support/client'
import { PASSWORD, signedIn, someone } from '../support/people'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

async function person() {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD, displayName: 'Ada', locale: 'en' })
  await call(app.url, 'verifyEmail', { token: await app.mailedToken(email) })
  const { data } = await call(app.url, 'login', { email, password: PASSWORD })
  const token = (data.tokens as { accessToken: string }).accessToken
  const update = (input: unknown): Promise<Answer> => call(app.url, 'updateProfile', input, { token })
  return { email, token, update }
}

test.each([
  ['a name', { displayName: 'Grace Hopper' }, { displayName: 'Grace Hopper', locale: 'en' }],
  ['a language', { locale: 'pt-br' }, { displayName: 'Ada', locale: 'pt-BR' }],
  ['a language as systems spell it', { locale: 'de_DE' }, { displayName: 'Ada', locale: 'de-DE' }],
  ['both', { displayName: 'Zoë', locale: 'de' }, { displayName: 'Zoë', locale: 'de' }],
  ['neither: nothing changes', {}, { displayName: 'Ada', locale: 'en' }],
  ['null clears a name', { displayName: null }, { displayName: null, locale: 'en' }],
  ['a blank name clears it', { displayName: ' \t ' }, { displayName: null, locale: 'en' }],
  ['a null language stays', { locale: null }, { displayName: 'Ada', locale: 'en' }],
  ['a hundred characters', { displayName: '🐙'.repeat(100) }, { displayName: '🐙'.repeat(100), locale: 'en' }],
  [
    'characters that disguise text do not get in',
    { displayName: 'a\u202eb\0c\ud800\u2028' },
    { displayName: 'ab c', locale: 'en' },
  ],
  [
    'SQL and markup are text',
    { displayName: `' OR 1=1-- %_\\ <b>` },
    { displayName: `' OR 1=1-- %_\\ <b>`, locale: 'en' },
  ],
])('%s', async (_what, input, expected) => {
  const { token, update } = await person()
  await me(app.url, { token })
  const answer = await update(input)
  expect(answer).toMatchObject({ code: 'SUCCESS', data: { user: expected } })
  // The next request sees it, though the session is held in memory.
  expect((await me(app.url, { token })).data).toMatchObject(expected)
})

test.each([
  ['nothing', {}],
  ['the name that it is', { displayName: ' Ada ' }],
  ['the language that it is', { locale: 'EN' }],
  ['both', { displayName: 'Ada', locale: 'en' }],
])('%s is no change: nothing is written, no audit row either', async (_what, input) => {
  const { email, update } = await person()
  const { pool } = app.app.deps.database
  const stamp = async () => {
    const text = `SELECT u.xmin, u.updated_at, (SELECT count(*) FROM audit_events WHERE user_id = u.id) AS events
      FROM users u WHERE email = $1`
    return (await pool.query<Record<string, unknown>>(text, [email])).rows
  }
  const before = await stamp()
  expect(await update(input)).toMatchObject({ code: 'SUCCESS', data: { user: { displayName: 'Ada', locale: 'en' } } })
  expect(await stamp()).toEqual(before)
})

test.each([
  [{ displayName: 'n'.repeat(101) }, 'displayName', 'TOO_LONG'],
  [{ locale: 'no locale' }, 'locale', 'INVALID_FORMAT'],
  [{ locale: 'x'.repeat(500) }, 'locale', 'INVALID_FORMAT'],
  [{ locale: 'sh-x-aaaaaaaa-bbbbbbbb-cccccccc-ddd' }, 'locale', 'INVALID_FORMAT'], // grows when made canonical
])('%j is refused', async (input, field, code) => {
  const { token, update } = await person()
  expect(await update(input)).toMatchObject({ code: 'INVALID_INPUT', data: { fields: [{ field, code }] } })
  expect((await me(app.url, { token })).data).toMatchObject({ displayName: 'Ada', locale: 'en' })
})

test.each([{ email: 'other@example.com' }, { emailVerified: true }, { id: 'x' }, { passwordHash: 'x' }])(
  'what is not declared is refused: %j',
  async (input) => {
    const { update } = await person()
    expect(await update(input)).toMatchObject({ code: 'BAD_USER_INPUT', status: 400 })
  },
)

test('it is for the signed-in only', async () => {
  expect(await call(app.url, 'updateProfile', { displayName: 'x' })).toMatchObject({ code: 'UNAUTHENTICATED' })
})

test('it changes one account only', async () => {
  const [one, other] = [await person(), await signedIn(app)]
  await one.update({ displayName: 'Only me' })
  expect((await me(app.url, { token: other.tokens.accessToken })).data).toMatchObject({ displayName: null })
})

test('later mails are in the language that was chosen', async () => {
  const { email, update } = await person()
  await update({ locale: 'fr' })
  await call(app.url, 'requestReset', { email })
  expect((await app.mail(email, /mot de passe/)).recipients).toEqual([email])
})
