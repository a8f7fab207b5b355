import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ACCOUNT_EXPORT, type AccountExport } from '../../src/services/steps/accountExport'
import { type TestApp, startTestApp } from '../support/app'
import { call, rest } from '../support/client'
import { PASSWORD, loggedIn, registeredPerson, signedIn } from '../support/people'

const MINUTE = 60_000

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const sql = (text: string, values: unknown[]) => app.app.deps.database.pool.query(text, values)
const exported = async (token: string) => {
  const answer = await call(app.url, 'exportAccount', undefined, { token })
  expect(answer.code).toBe('SUCCESS')
  return { text: answer.text, content: answer.data.export as AccountExport }
}

/** A row in every table that belongs to an account. */
async function someoneWithEverything() {
  const email = await registeredPerson(app)
  const { user, tokens } = await loggedIn(app, email)
  const token = tokens.accessToken
  await call(app.url, 'requestReset', { email })
  await app.mailedToken(email, /new password/)
  await sql(
    `INSERT INTO passkeys (user_id, credential_id, public_key, discoverable, backup_eligible, backed_up, name)
    VALUES ($1, 'credential', 'key', true, true, true, 'Phone')`,
    [user.id],
  )
  await sql(
    `INSERT INTO totp_factors (user_id, name, secret_sealed, confirmed_at)
     VALUES ($1, 'App', decode(repeat('5e', 64), 'hex'), NULL)`,
    [user.id],
  )
  await sql(`INSERT INTO recovery_codes (user_id, code_hash) VALUES ($1, sha256('x'))`, [user.id])
  await sql(
    `INSERT INTO mails (name, recipient, user_id, expires_at, due_at)
     VALUES ('passwordChanged', $2, $1, now() + interval '1 day', now() + interval '1 day')`,
    [user.id, email],
  )
  await sql(
    `INSERT INTO former_emails (user_id, email, token_hash, changed_at, expires_at)
     VALUES ($1, $2, decode(repeat('5e', 32), 'hex'), now(), now() + interval '7 days')`,
    [user.id, `former.${email}`],
  )
  return { email, user, token }
}

test('an export has every table, in the published form, and no secret', async () => {
  const { email, user, token } = await someoneWithEverything()
  const { rows: before } = await sql('SELECT password_hash FROM users WHERE id = $1', [user.id])
  await sql('UPDATE sessions SET aal = 2 WHERE user_id = $1', [user.id])
  app.app.deps.sessionCache.invalidate({ kind: 'user', id: user.id })
  const { text, content } = await exported(token)

  expect(ACCOUNT_EXPORT.parse(content)).toEqual(content)
  expect(content.account).toMatchObject({ id: user.id, email, hasPassword: true })
  for (const [section, value] of Object.entries(content)) {
    if (Array.isArray(value)) expect([section, value.length > 0]).toEqual([section, true])
  }
  expect(content.sessions).toHaveLength(1)
  expect(content.securityEvents.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['login_succeeded', 'email_verified']),
  )
  const { password_hash: hash } = (before as { password_hash: string }[])[0] ?? { password_hash: 'none' }
  expect(text).not.toContain(hash)
  expect(text).not.toMatch(/5e5e|XlXl|secret|"\$2/i)
})

test('the published schema is that of the export', () => {
  const published: unknown = JSON.parse(readFileSync(join(__dirname, '../../docs/account-export.schema.json'), 'utf8'))
  expect(published).toEqual({ title: 'The export of an account', ...z.toJSONSchema(ACCOUNT_EXPORT) })
})

test('it is of the own account alone, by GraphQL and by REST, and its owner reads that it happened', async () => {
  const [one, other] = [await signedIn(app), await signedIn(app)]
  const { text } = await exported(one.tokens.accessToken)
  expect(text).toContain(one.email)
  expect(text).not.toContain(other.email)
  const byRest = await rest(app.url, 'exportAccount', undefined, { token: one.tokens.accessToken })
  expect(byRest.status).toBe(200)
  const again = (byRest.data.export as AccountExport).securityEvents.map(({ type }) => type)
  expect(again).toEqual(['account_exported', 'login_succeeded'])
  expect((await call(app.url, 'exportAccount')).code).toBe('UNAUTHENTICATED')
})

test('what an operator did is exported without their address', async () => {
  const { user, tokens } = await signedIn(app)
  await sql(
    `INSERT INTO audit_events (user_id, type, actor_kind, ip_address, user_agent)
     VALUES ($1, 'user_enabled', 'operator', '192.0.2.9', 'Operator-Browser')`,
    [user.id],
  )
  const { text, content } = await exported(tokens.accessToken)
  expect(content.securityEvents).toContainEqual(
    expect.objectContaining({ type: 'user_enabled', byOperator: true, ipAddress: null, userAgent: null }),
  )
  expect(text).not.toMatch(/192\.0\.2\.9|Operator-Browser/)
})

test('a login that is older than ten minutes needs a new proof', async () => {
  const { tokens } = await signedIn(app)
  app.clock.pass(11 * MINUTE)
  const answer = await call(app.url, 'exportAccount', undefined, { token: tokens.accessToken })
  expect(answer).toMatchObject({ code: 'STEP_UP_REQUIRED', data: { methods: ['PASSWORD'], maxAge: 600 } })
  const stepped = await call(app.url, 'stepUp', { password: PASSWORD }, { token: tokens.accessToken })
  const { accessToken } = (stepped.data as unknown as typeof stepped.data & { tokens: typeof tokens }).tokens
  await exported(accessToken)
})
