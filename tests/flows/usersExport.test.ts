import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import argon2 from 'argon2'
import { decodeJwt } from 'jose'
import { type TestApp, startTestApp } from '../support/app'
import { call } from '../support/client'
import { createEmptyDatabase } from '../support/database'
import { importing, startUsers } from '../support/importing'
import { PASSWORD, loggedIn, registeredPerson, someone } from '../support/people'
import { temporaryFolder } from '../support/process'
import { until } from '../support/until'

const LONG = 'violet tractor seven moons over the copper lantern of nine rivers, then eighty'
const folder = temporaryFolder()
let app: TestApp
let other: TestApp
beforeAll(async () => {
  app = await startTestApp({ bcryptCost: 5 })
  other = await startTestApp({ bcryptCost: 5 })
})
afterAll(async () => {
  await Promise.all([app.close(), other.close()])
  folder.remove()
})

async function exported(from: TestApp): Promise<Record<string, unknown>[]> {
  const file = join(folder.path, 'users.jsonl')
  rmSync(file, { force: true })
  const started = startUsers(from, ['export', file])
  expect(await started.ended()).toMatchObject({ code: 0 })
  return parsed(readFileSync(file, 'utf8'))
}

const parsed = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

const jsonl = (lines: object[]) => lines.map((line) => JSON.stringify(line)).join('\n')

async function fill(): Promise<Record<'own' | 'long' | 'argon2' | 'firebase' | 'disabled', string>> {
  const own = await registeredPerson(app)
  const long = await registeredPerson(app, someone(), LONG)
  await call(app.url, 'register', { email: someone(), password: PASSWORD }) // waits: left out
  const people = { argon2: someone(), firebase: someone(), disabled: someone() }
  const argon2Hash = await argon2.hash(PASSWORD, { memoryCost: 1024, timeCost: 2, parallelism: 1 })
  const salted = `ss=Bw==,sk=${'A'.repeat(86)}==$c2FsdHNhbHQ=$${'B'.repeat(86)}==`
  const verified = { emailVerifiedAt: '2026-01-01T00:00:00.123Z', createdAt: '2019-03-01T10:00:00Z' }
  const grants = {
    ...{ roles: ['editor', 'admin'], claims: { plan: 'pro', limits: { seats: 5 } } },
    profile: { phone: '+49 30 1', pets: [{ name: 'Žofie' }] },
  }
  await importing(
    app,
    jsonl([
      { email: people.argon2, ...verified, ...grants, passwordHash: argon2Hash, displayName: 'Zoë', locale: 'pt-BR' },
      { email: people.firebase, ...verified, passwordHash: `$fbscrypt$v=1,n=10,r=8,p=1,${salted}` },
      {
        ...{ email: people.disabled, ...verified, disabledAt: '2026-02-01T00:00:00Z', disabledReason: 'chargeback' },
        passwordHash: argon2Hash,
      },
      { email: someone(), emailVerifiedAt: null, passwordHash: null },
    ]),
  )
  return { own, long, ...people }
}

test('what is exported comes in elsewhere as it was: hashes, roles, claims, disabled accounts', async () => {
  const people = await fill()
  const lines = await exported(app)
  expect(lines).toHaveLength(6)
  expect(await importing(other, jsonl(lines))).toEqual({
    ...{ code: 0, stdout: '6 imported, 0 already there, 0 refused\n', stderr: '' },
  })
  expect(await exported(other)).toEqual(lines)

  const { tokens } = await loggedIn(other, people.argon2)
  expect(decodeJwt(tokens.accessToken)).toMatchObject({ roles: ['editor', 'admin'] })
  const codes = [
    await call(other.url, 'login', { email: people.own, password: PASSWORD }),
    await call(other.url, 'login', { email: people.long, password: LONG }),
    await call(other.url, 'login', { email: people.long, password: LONG.slice(0, 72) }),
    await call(other.url, 'login', { email: people.disabled, password: PASSWORD }),
  ].map(({ code }) => code)
  expect(codes).toEqual(['SUCCESS', 'SUCCESS', 'INVALID_CREDENTIALS', 'INVALID_CREDENTIALS'])
})

test('a line holds what an import takes, and of the secrets the password hash alone', async () => {
  const keys = new Set((await exported(app)).flatMap((line) => Object.keys(line)))
  expect([...keys].sort()).toEqual([
    ...['claims', 'createdAt', 'disabledAt', 'disabledReason', 'displayName', 'email', 'emailVerifiedAt', 'id'],
    ...['locale', 'passwordHash', 'profile', 'roles'],
  ])
})

test('the file is for its owner alone, and one that is there is not overwritten', async () => {
  await exported(app)
  const file = join(folder.path, 'users.jsonl')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  writeFileSync(file, 'mine')
  const refused = startUsers(app, ['export', file])
  expect(await refused.ended()).toMatchObject({ code: 1 })
  expect(refused.output).toBe('gatehouse users: There is a file of that name\n')
  expect(readFileSync(file, 'utf8')).toBe('mine')
})

test('an export that fails leaves no file, and says what to do where there are no tables', async () => {
  const empty = await createEmptyDatabase()
  const file = join(folder.path, 'none.jsonl')
  const failed = startUsers({ ...app, databaseUrl: empty.url }, ['export', file])
  expect(await failed.ended()).toMatchObject({ code: 1 })
  await empty.drop()
  expect(failed.output).toContain('`gatehouse migrate`')
  expect(readdirSync(folder.path).filter((name) => name.startsWith('none'))).toEqual([])
})

test('all lines show one moment, however slowly they are read', async () => {
  const pool = app.app.deps.database.pool
  await pool.query(
    `INSERT INTO users (id, email, password_hash, email_verified_at, claims)
     SELECT gen_random_uuid(), 'crowd' || n || '@crowd.example', '!', now(), jsonb_build_object('text', repeat('x', 1000))
     FROM generate_series(1, 4000) n`,
  )
  const { rows } = await pool.query<{ id: string; email: string }>(
    'SELECT id, email FROM users ORDER BY id DESC LIMIT 1',
  )
  const [last] = rows
  const started = startUsers(app, ['export'])
  started.child.stdout?.pause() // 4 MB are more than a pipe holds: it waits after its first pages
  await until(async () => {
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction' AND datname = current_database()
      AND query LIKE '%AS "passwordHash"%' AND state_change < clock_timestamp() - interval '200 milliseconds'`
    return ((await pool.query(waiting)).rowCount ?? 0) > 0
  })
  await pool.query(`UPDATE users SET email = 'moved@crowd.example' WHERE id = $1`, [last?.id])
  started.child.stdout?.resume()
  expect(await started.ended()).toMatchObject({ code: 0 })
  const lines = parsed(started.output.replace(/^\d+ exported.*$/m, ''))
  expect(lines.filter(({ email }) => String(email).endsWith('@crowd.example'))).toHaveLength(4_000)
  expect(lines.find(({ id }) => id === last?.id)).toMatchObject({ email: last?.email })
})

test('an unknown option is a mistake', async () => {
  expect(await startUsers(app, ['export', '--all']).ended()).toMatchObject({ code: 1 })
})
