import { Client } from 'pg'
import { type TestApp, startTestApp } from '../support/app'
import { type LoggedIn, call, me } from '../support/client'
import { waitsForLock } from '../support/locks'
import { NEW_PASSWORD, PASSWORD, loggedIn, someone, verifiedPerson } from '../support/people'

const AGENT = 'Vanished-Browser'
const headers = { 'user-agent': AGENT }

let app: TestApp
let other: Client
beforeAll(async () => {
  app = await startTestApp({ env: { LOG_LEVEL: 'warn' }, periodic: false })
  other = new Client({ connectionString: app.databaseUrl })
  await other.connect()
})
afterAll(async () => {
  await other.end()
  await app.close()
})

async function browser(email: string): Promise<LoggedIn> {
  const answer = await call(app.url, 'login', { email, password: PASSWORD }, { headers })
  return answer.data as unknown as LoggedIn
}

/** Every signed-in mutation, with an input that would succeed. */
const mutations = (sessionId: string): [string, unknown][] => [
  ['updateProfile', { displayName: `Ada ${sessionId.slice(0, 4)}` }],
  ['changePassword', { currentPassword: PASSWORD, newPassword: NEW_PASSWORD }],
  ['requestEmailChange', { newEmail: someone(), password: PASSWORD }],
  ['cancelEmailChange', undefined],
  ['revokeSession', { sessionId }],
  ['revokeOtherSessions', undefined],
  ['logout', undefined],
  ['deleteAccount', { password: PASSWORD }],
]

// The race: the session was read, and then the account is deleted by somebody else.
test.each(mutations('').map(([name]) => name))('%s of a user who is gone by then is UNAUTHENTICATED', async (name) => {
  const email = await verifiedPerson(app)
  const { tokens, user } = await browser(email)
  const { session } = await loggedIn(app, email)
  const input = mutations(session.id).find(([candidate]) => candidate === name)?.[1]
  await other.query('BEGIN')
  await other.query('SELECT 1 FROM users WHERE id = $1 FOR UPDATE', [user.id])
  const asked = call(app.url, name, input, { token: tokens.accessToken, headers })
  await waitsForLock(other, asked)
  await other.query('DELETE FROM users WHERE id = $1', [user.id])
  await other.query('COMMIT')
  expect(await asked).toMatchObject({ code: 'UNAUTHENTICATED' })
  const { rows } = await other.query('SELECT type FROM audit_events WHERE user_agent = $1 AND user_id IS NULL', [AGENT])
  // What was written before the deletion by hand keeps its row: the operation itself leaves none.
  expect(rows.filter(({ type }: { type: string }) => type !== 'login_succeeded')).toEqual([])
  await other.query('DELETE FROM audit_events WHERE user_id IS NULL')
})

test('a deletion against fifty parallel mutations: no fault, and no audit row says from where', async () => {
  for (let round = 0; round < 3; round += 1) {
    const email = await verifiedPerson(app)
    const asking = await browser(email)
    const others = [await browser(email), await browser(email), await browser(email)]
    const names = ['updateProfile', 'cancelEmailChange', 'revokeSession', 'logout', 'updateProfile']
    const calls = Array.from({ length: 50 }, (_, index) => {
      const { tokens, session } = others[index % 3] ?? asking
      const name = names[index % names.length] ?? ''
      const input = name === 'updateProfile' ? { displayName: `Ada ${index}` } : { sessionId: session.id }
      const hasInput = name === 'updateProfile' || name === 'revokeSession'
      return call(app.url, name, hasInput ? input : undefined, { token: tokens.accessToken, headers })
    })
    const removal = call(
      app.url,
      'deleteAccount',
      { password: PASSWORD },
      { token: asking.tokens.accessToken, headers },
    )
    const answers = await Promise.all(calls)
    expect(await removal).toMatchObject({ code: 'SUCCESS' })
    const known = new Set(['SUCCESS', 'UNAUTHENTICATED', 'NOT_FOUND'])
    expect(answers.map(({ code }) => code).filter((code) => !known.has(code))).toEqual([])
    expect(await me(app.url, { token: asking.tokens.accessToken })).toMatchObject({ code: 'UNAUTHENTICATED' })
    const { rows } = await other.query(
      'SELECT type, ip_address FROM audit_events WHERE user_id IS NULL AND (ip_address IS NOT NULL OR user_agent IS NOT NULL)',
    )
    expect(rows).toEqual([])
  }
}, 120_000)
