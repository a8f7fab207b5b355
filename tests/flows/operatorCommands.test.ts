import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestApp, startTestApp } from '../support/app'
import { call, me } from '../support/client'
import { operate, personWithRoles } from '../support/operators'
import { NEW_PASSWORD, PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { until } from '../support/until'

let app: TestApp
let environment: Record<string, string>
beforeAll(async () => {
  app = await startTestApp({ env: { OPERATOR_API: 'on' } })
  environment = { DATABASE_URL: app.databaseUrl, SECRET: 'the secret of the tests, which is long enough' }
})
afterAll(() => app.close())

function start(args: string[]) {
  const main = join(__dirname, '../../dist/main.js')
  return spawn(process.execPath, [main, ...args], { env: { PATH: process.env.PATH, ...environment } })
}

async function gatehouse(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = start(args)
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

/** What the newest audit events of an account are. */
async function audited(email: string): Promise<[type: string, actor: string][]> {
  const { rows } = await app.app.deps.database.pool.query<{ type: string; actor_kind: string }>(
    `SELECT type, actor_kind FROM audit_events WHERE user_id = (SELECT id FROM users WHERE email = $1)
     ORDER BY created_at DESC, id DESC`,
    [email],
  )
  return rows.map(({ type, actor_kind }) => [type, actor_kind])
}

test('users create: an account without a password, which the invitation lets its owner choose', async () => {
  const email = someone()
  const created = await gatehouse(
    'users',
    'create',
    email,
    '--name',
    'Ada',
    '--locale',
    'fr',
    '--roles',
    'editor, reader',
  )
  expect(created).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(created.stdout)).toMatchObject({
    email,
    displayName: 'Ada',
    locale: 'fr',
    roles: ['editor', 'reader'],
  })
  expect(await audited(email)).toEqual([['user_created', 'cli']])
  const token = await app.mailedToken(email, /Votre compte/)
  await call(app.url, 'confirmReset', { token, password: NEW_PASSWORD })
  expect((await loggedIn(app, email, NEW_PASSWORD)).user.emailVerified).toBe(true)

  const twice = await gatehouse('users', 'create', email)
  expect(twice).toEqual({ code: 1, stdout: '', stderr: 'Not done: an account has that address, or had it lately.\n' })
  const wrong = await gatehouse('users', 'create', 'nobody', '--locale', '!')
  expect(wrong).toEqual({ code: 1, stdout: '', stderr: 'Not done: email: invalid format; locale: invalid format.\n' })
})

test('users verify and users reset: a registration is activated, and its owner gets a link for another password', async () => {
  const email = someone()
  await call(app.url, 'register', { email, password: PASSWORD })
  expect((await gatehouse('users', 'verify', email)).code).toBe(0)
  expect((await call(app.url, 'login', { email, password: PASSWORD })).code).toBe('SUCCESS')
  expect((await gatehouse('users', 'reset', email)).code).toBe(0)
  const token = await app.mailedToken(email, /new password/)
  expect((await call(app.url, 'confirmReset', { token, password: NEW_PASSWORD })).code).toBe('SUCCESS')
  expect((await audited(email)).filter(([, actor]) => actor === 'cli')).toEqual([
    ['reset_sent', 'cli'],
    ['email_verified', 'cli'],
  ])
})

test('users disable: with the reason that operators read', async () => {
  const email = await verifiedPerson(app)
  const { code, stdout } = await gatehouse('users', 'disable', email, '--reason', 'chargeback')
  expect({ code, account: JSON.parse(stdout) as unknown }).toMatchObject({
    code: 0,
    account: { disabledReason: 'chargeback' },
  })
  expect((await gatehouse('users', 'disable', email, '--reason', ' ')).stderr).toBe('Not done: reason: required.\n')
})

test('operators add and remove: the role beside others, at once for an instance that runs', async () => {
  const person = await personWithRoles(app, { roles: ['editor'], aal: 2 })
  const ask = async () => (await operate(app.url, '{ result: roles { name } }', { token: person.token })).code
  expect(await ask()).toBe('FORBIDDEN')
  const added = await gatehouse('operators', 'add', person.email)
  expect(JSON.parse(added.stdout)).toMatchObject({ roles: ['editor', 'operator'] })
  await until(async () => (await ask()) === 'SUCCESS')
  const removed = await gatehouse('operators', 'remove', person.email)
  expect(JSON.parse(removed.stdout)).toMatchObject({ roles: ['editor'] })
  await until(async () => (await ask()) === 'FORBIDDEN')
})

test('keys create, list and revoke: a key that works until it is revoked, and is shown once', async () => {
  const created = await gatehouse(
    'keys',
    'create',
    'billing',
    '--scopes',
    'users:read',
    '--days',
    '30',
    '--from',
    '127.0.0.1',
  )
  expect(created).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ghk_[0-9a-f]{32}_[\w-]{43}\n$/) as unknown })
  const key = created.stdout.trim()
  const ask = async () => (await operate(app.url, '{ result: roles { name } }', { token: key })).code
  expect(await ask()).toBe('SUCCESS')
  const listed = await gatehouse('keys', 'list')
  const [, id = ''] =
    /^(\S{36}) {2}until \S+ {2}used \S+ {2}users:read {2}from 127\.0\.0\.1 {2}billing$/m.exec(listed.stdout) ?? []
  expect(listed.stdout).not.toContain(key)
  expect(await gatehouse('keys', 'revoke', id)).toEqual({ code: 0, stdout: `Revoked: ${id}\n`, stderr: '' })
  expect(await ask()).toBe('UNAUTHENTICATED')
  expect((await gatehouse('keys', 'revoke', id)).code).toBe(1)
  expect((await gatehouse('keys', 'create', 'billing', '--scopes', 'all')).stderr).toBe(
    'Not done: scopes: unsupported.\n',
  )
})

test('sessions end --all: only with the number of accounts', async () => {
  const { tokens } = await signedIn(app)
  const refused = await gatehouse('sessions', 'end', '--all')
  expect(refused).toMatchObject({ code: 1, stdout: '' })
  const [, count = ''] = /give --confirm (\d+) /.exec(refused.stderr) ?? []
  const ended = await gatehouse('sessions', 'end', '--all', '--confirm', count)
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Ended: [1-9]\d* sessions\n$/) as unknown })
  await until(async () => (await me(app.url, { token: tokens.accessToken })).code === 'UNAUTHENTICATED')
})

test('audit tail --follow: prints what comes, each once', async () => {
  const email = await verifiedPerson(app)
  const child = start(['audit', 'tail', email, '--follow', '--json'])
  let printed = ''
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  for (let n = 1; n <= 2; n += 1) {
    await loggedIn(app, email)
    await until(() => Promise.resolve(printed.split('\n').length > n))
  }
  child.kill('SIGINT')
  await once(child, 'close')
  const ids = printed
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { id: string }).id)
  expect(new Set(ids).size).toBe(2)
  expect(ids).toHaveLength(2)
})

test.each([
  [['sessions', 'end']],
  [['sessions', 'end', 'a@example.com', '--all']],
  [['users', 'create']],
  [['users', 'disable']],
  [['operators', 'add']],
  [['keys', 'create']],
  [['keys', 'create', 'billing', '--days', 'ten']],
  [['keys', 'revoke']],
])('%j is a mistake: 64', async (args) => {
  const { code, stderr } = await gatehouse(...args)
  expect({ code, usage: stderr.startsWith('Usage:') }).toEqual({ code: 1, usage: true })
})
