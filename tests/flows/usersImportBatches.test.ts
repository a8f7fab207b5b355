import { type TestApp, startTestApp } from '../support/app'
import { importing as runImport, startUsers } from '../support/importing'
import { someone, verifiedPerson } from '../support/people'
import { TcpProxy } from '../support/tcpProxy'
import { until } from '../support/until'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp({ bcryptCost: 5 })
})
afterAll(() => app.close())

const importing = (lines: string[], args: string[] = []) => runImport(app, lines.join('\n'), { args })

const line = (email: string, more: object = {}) =>
  JSON.stringify({ email, passwordHash: null, emailVerifiedAt: '2026-01-01T00:00:00Z', ...more })

const sql = async <Row>(text: string, values: unknown[] = []) =>
  (await app.app.deps.database.pool.query<Row & Record<string, unknown>>(text, values)).rows

/** Addresses of a domain of their own, in an order that is not that of the alphabet. */
const crowd = (domain: string, size: number) =>
  Array.from({ length: size }, (_, index) => `p${(index * 7919) % size}@${domain}`)

async function countOf(domain: string): Promise<{ users: number; audited: number }> {
  const [row] = await sql<{ users: number; audited: number }>(
    `SELECT count(DISTINCT u.id)::int AS users, count(e.id)::int AS audited FROM users u
     LEFT JOIN audit_events e ON e.user_id = u.id AND e.type = 'user_imported' AND e.actor_kind = 'cli'
     WHERE u.email LIKE $1`,
    [`%@${domain}`],
  )
  return row ?? { users: 0, audited: 0 }
}

test('a file of several batches comes in as a whole, with one audit row for each account', async () => {
  const people = crowd('whole.example', 2_500)
  const lines = people.map((email) => line(email))
  lines.splice(1_200, 0, 'broken', line('no address'), line(people[3] ?? ''))
  const ended = await importing(lines)
  expect(ended.stdout).toMatch(/^2500 imported, 1 already there, 2 refused\n/)
  expect(ended.stderr).toBe(
    'line 1201: refused: is not JSON\nline 1202: refused: email is no plain address, as in ada@example.com\n' +
      'line 1203: skipped: line 4 has the same address\n',
  )
  expect(await countOf('whole.example')).toEqual({ users: 2_500, audited: 2_500 })
})

test('a second run changes nothing, writes no audit row, and names the first hundred lines', async () => {
  const lines = crowd('twice.example', 1_100).map((email) => line(email, { emailVerifiedAt: null }))
  await importing(lines)
  const before = await sql('SELECT * FROM users WHERE email LIKE $1 ORDER BY id', ['%@twice.example'])
  const again = await importing(lines)
  expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^0 imported, 1100 already there/) as string })
  expect(again.stderr.trim().split('\n')).toHaveLength(101)
  expect(await sql('SELECT * FROM users WHERE email LIKE $1 ORDER BY id', ['%@twice.example'])).toEqual(before)
  expect(await countOf('twice.example')).toEqual({ users: 1_100, audited: 1_100 })
})

test('what the database refuses costs only its own line', async () => {
  await sql(`ALTER TABLE users ADD CONSTRAINT own_rule CHECK (display_name NOT LIKE 'Forbidden%')`)
  try {
    const lines = crowd('refused.example', 300).map((email, index) =>
      line(email, index === 7 || index === 250 ? { displayName: `Forbidden ${index}` } : {}),
    )
    lines.push(line('early@refused.example', { createdAt: '0000-01-01T00:00:00Z' }))
    const ended = await importing(lines)
    expect(ended.stderr).toBe(
      'line 8: refused: the database refuses it (23514)\nline 251: refused: the database refuses it (23514)\n' +
        'line 301: refused: the database refuses it (22008)\n',
    )
    expect(ended).toMatchObject({ code: 1, stdout: expect.stringMatching(/^298 imported, 0 already/) as string })
    expect(await countOf('refused.example')).toEqual({ users: 298, audited: 298 })
  } finally {
    await sql('ALTER TABLE users DROP CONSTRAINT own_rule')
  }
})

test('an account that the database refuses does not cost the registration in whose place it would be', async () => {
  const email = someone()
  await sql(`INSERT INTO users (email, password_hash) VALUES ($1, '!')`, [email])
  const ended = await importing([line(email, { createdAt: '0000-01-01T00:00:00Z' })])
  expect(ended.stdout).toMatch(/^0 imported, 0 already there, 1 refused/)
  expect(await sql('SELECT imported_at FROM users WHERE email = $1', [email])).toEqual([{ imported_at: null }])
})

test('after a kill the same file goes on where the import was', async () => {
  const lines = crowd('killed.example', 1_500).map((email) => line(email))
  const killed = startUsers(app, ['import'])
  killed.child.stdin?.write(lines.join('\n')) // the second batch waits for the end of the file
  await until(async () => (await countOf('killed.example')).users === 1_000)
  await killed.stop('SIGKILL')
  const ended = await importing(lines)
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^500 imported, 1000 already there/) as string })
  expect(await countOf('killed.example')).toEqual({ users: 1_500, audited: 1_500 })
})

test('an outage of the database ends it, with the line up to which it is done', async () => {
  const lines = crowd('outage.example', 1_500).map((email) => line(email))
  const proxy = await TcpProxy.start(app.databaseUrl)
  try {
    const started = startUsers(app, ['import'], { DATABASE_URL: proxy.url })
    started.child.stdin?.write(lines.join('\n'))
    await until(async () => (await countOf('outage.example')).users === 1_000)
    await proxy.cut()
    started.child.stdin?.end()
    expect(await started.ended()).toMatchObject({ code: 1 })
    expect(started.output).toContain('Stopped after line 1000: 1000 imported, 0 already there, 0 refused. Run the same')
    expect(started.output).not.toContain('outage.example')
  } finally {
    await proxy.cut()
  }
  expect((await importing(lines)).stdout).toMatch(/^500 imported, 1000 already there/)
})

test('two imports of one file at the same time share it', async () => {
  const lines = crowd('shared.example', 2_000).map((email) => line(email))
  const ended = await Promise.all([importing(lines), importing(lines.toReversed())])
  expect(ended.map(({ code }) => code)).toEqual([0, 0])
  const imported = ended.map(({ stdout }) => Number(/^\d+/.exec(stdout)?.[0]))
  expect(imported.reduce((sum, count) => sum + count)).toBe(2_000)
  expect(await countOf('shared.example')).toEqual({ users: 2_000, audited: 2_000 })
})

test('with --json standard output is JSON, of a dry run as of an import', async () => {
  const taken = await verifiedPerson(app)
  const lines = [line(someone()), line(taken), line('none')]
  const summary = {
    ...{ imported: 1, replaced: 0, skipped: 1, refused: 1 },
    problems: {
      skipped: { 'a verified account has this address': 1 },
      refused: { 'email is no plain address, as in ada@example.com': 1 },
    },
  }
  for (const dryRun of [true, false]) {
    const ended = await importing(lines, ['--json', ...(dryRun ? ['--dry-run'] : [])])
    expect(ended.stderr).toBe('')
    expect(
      ended.stdout
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text) as unknown),
    ).toEqual([
      { line: 2, outcome: 'skipped', problems: ['a verified account has this address'] },
      { line: 3, outcome: 'refused', problems: ['email is no plain address, as in ada@example.com'] },
      { summary: { dryRun, ...summary } },
    ])
  }
})
