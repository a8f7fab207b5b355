import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeProtectedHeader } from 'jose'
import { Client } from 'pg'
import { everyoneReaches } from '../../src/dev/postgresAccount'
import { type TestApp, startTestApp } from '../support/app'
import { call, me } from '../support/client'
import { type TestDatabase, createEmptyDatabase } from '../support/database'
import { loggedIn, signedIn, someone } from '../support/people'
import { runGatehouse } from '../support/process'
import { until } from '../support/until'

const SECRET = 'the secret of the tests, which is long enough'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-commands-'))
let app: TestApp
let environment: Record<string, string>
beforeAll(async () => {
  app = await startTestApp({ periodic: false }) // the purge would delete the old accounts of these tests
  environment = { DATABASE_URL: app.databaseUrl, SMTP_URL: app.smtp.url, SECRET, DATA_DIR: folder }
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true, force: true })
})

interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs the built command line with this environment and nothing else. */
async function gatehouse(args: string[], env: Record<string, string> = environment, input = ''): Promise<Ended> {
  const main = join(__dirname, '../../dist/main.js')
  const child = spawn(process.execPath, [main, ...args], { env: { PATH: process.env.PATH, ...env } })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  child.stdin.on('error', () => undefined) // a command that ends without reading it
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout, stderr }
}

describe('usage', () => {
  test.each([[[]], [['unknown']], [['keys']], [['users']], [['mail', 'test']]])('%j is a mistake: 1', async (args) => {
    const { code, stdout, stderr } = await gatehouse(args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/^Usage: gatehouse/)
  })

  test('help is no mistake', async () => {
    expect(await gatehouse(['--help'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage:/) as string })
  })
})

describe('the configuration', () => {
  const canary = (name: string) => `canary-${name}-0123456789abcdef0123456789`
  const secrets = {
    SECRET: canary('secret'),
    SECRET_PREVIOUS: canary('previous'),
    METRICS_TOKEN: canary('metrics'),
    DATABASE_URL: `postgresql://user:${canary('database')}@db.example:5433/gate?password=${canary('query')}`,
    REDIS_URL: `rediss://user:${canary('redis')}@redis.example:6380/1`,
    REDIS_SENTINELS: 'sentinel-1,[::1]:26380',
    REDIS_SENTINEL_PASSWORD: canary('sentinel'),
    SMTP_URL: `smtps://mailer:${canary('smtp')}@mail.example`,
    WEBHOOK_URL: `https://hooks.example/in?key=${canary('webhook')}`,
    OTEL_EXPORTER_OTLP_HEADERS: `api-key=${canary('collector')}`,
    WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 9).toString('base64')}`,
  }

  test('is printed with every secret masked, and says where things are', async () => {
    const { code, stdout, stderr } = await gatehouse(['config'], {
      ...secrets,
      BCRYPT_COST: '13',
      ACCESS_TOKEN_TTL: '5m',
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).not.toContain('canary')
    expect(JSON.parse(stdout)).toMatchObject({
      secret: '***',
      secretPrevious: '***',
      metricsToken: '***',
      databaseUrl: 'postgresql://***@db.example:5433/gate',
      redisUrl: 'rediss://***@redis.example:6380/1',
      redisSentinels: [
        { host: 'sentinel-1', port: 26379 },
        { host: '::1', port: 26380 },
      ],
      redisSentinelPassword: '***',
      smtpUrl: 'smtps://***@mail.example',
      webhookUrl: 'https://***@hooks.example/in',
      webhookSecret: '***',
      bcryptCost: 13,
      accessTokenTtl: 300_000,
      production: false,
    })
  })

  test('an empty variable is an unset one', async () => {
    const { code, stdout } = await gatehouse(['config'], { SECRET: '', PORT: '', SMTP_URL: '' })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ port: 4000, secret: null, smtpUrl: null })
  })

  test('every problem is told in one message, with what was found but no secret: 78', async () => {
    const wrong = {
      SECRET: 'canary-short',
      SECRET_PREVIOUS: 'canary-older',
      METRICS_TOKEN: 'canary',
      DATABASE_URL: 'mysql://user:canary@db.example/x',
      SMTP_URL: 'canary://user@mail.example',
      PORT: '70000',
      BCRYPT_COST: '9',
      PUBLIC_URL: 'https://auth.example.com/path',
      ACCESS_TOKEN_TTL: 'soon',
      PASSWORD_ALGORITHM: 'md5',
      BRAND_COLOR: '#ffffff',
      VERIFY_EMAIL_URL: 'https://app.example.com/verify',
      CORS_ORIGINS: '*',
      TRUST_PROXY: 'everyone',
      LOG_LEVEL: 'loud',
      TLS_CERT_FILE: 'cert.pem',
    }
    for (const command of [['serve'], ['config']]) {
      const { code, stdout, stderr } = await gatehouse(command, wrong)
      expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
      expect(stderr).not.toContain('canary')
      const named = stderr.split('\n').flatMap((line) => /^ {2}([A-Z_]+): found .+; accepted: .+/.exec(line)?.[1] ?? [])
      expect(named.sort()).toEqual(
        [...Object.keys(wrong).filter((name) => name !== 'TLS_CERT_FILE'), 'TLS_KEY_FILE'].sort(),
      )
    }
  })

  test('production tells everything that it demands at once, next to what is malformed', async () => {
    const env = {
      NODE_ENV: 'production',
      PORT: 'x',
      SECRET: 'changeme',
      PUBLIC_URL: 'http://auth.example.com',
      RATE_LIMITS: 'off',
      BCRYPT_COST: '10',
      TRUST_PROXY: 'true',
    }
    const { code, stderr } = await gatehouse(['serve'], env)
    expect(code).toBe(78)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    const line = JSON.parse(stderr) as { problems: string[] }
    expect(line).toMatchObject({
      level: 'fatal',
      event: 'command_failed',
      command: 'serve',
      code: 'WRONG_CONFIGURATION',
    })
    const named = line.problems.flatMap((problem) => /^([A-Z_]+): found .+; accepted: /.exec(problem)?.[1] ?? [])
    expect(named.sort()).toEqual(
      ['BCRYPT_COST', 'DATABASE_URL', 'PORT', 'PUBLIC_URL', 'RATE_LIMITS', 'SECRET', 'SMTP_URL', 'TRUST_PROXY'].sort(),
    )
    expect(stderr).not.toContain('changeme')
  })
})

describe('keys', () => {
  const kidOf = ({ tokens }: { tokens: { accessToken: string } }) => decodeProtectedHeader(tokens.accessToken).kid

  test('rotate lets the published next key sign at once, on servers that run, and old tokens go on', async () => {
    const before = await signedIn(app)
    const listed = await gatehouse(['keys', 'list'])
    expect(listed.code).toBe(0)
    const [signing, next] = listed.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/ {2}/))
    expect(signing).toEqual([kidOf(before), 'signs'])
    expect(next?.[1]).toMatch(/^signs from \d{4}-/)

    const rotated = await gatehouse(['keys', 'rotate'])
    expect(rotated.code).toBe(0)
    const lines = rotated.stdout.trim().split('\n')
    expect(lines).toHaveLength(3)
    expect(lines[0]).toMatch(new RegExp(`^${signing?.[0] ?? ''} {2}verifies until `))
    expect(lines[1]).toBe(`${next?.[0] ?? ''}  signs`)
    expect(rotated.stdout).not.toMatch(/PRIVATE|"d"/)

    const after = await until(async () => {
      const login = await loggedIn(app, before.email)
      return kidOf(login) === next?.[0] && login
    })
    for (const { tokens } of [before, after]) {
      expect(await me(app.url, { token: tokens.accessToken })).toMatchObject({ code: 'SUCCESS' })
    }
  })

  test('a SECRET that does not open the keys is a wrong configuration: 78, and no key is made or moved on', async () => {
    const { stdout: before } = await gatehouse(['keys', 'list'])
    const { code, stderr } = await gatehouse(['keys', 'rotate'], { ...environment, SECRET: `${SECRET} canary` })
    expect(code).toBe(78)
    expect(stderr).toContain('SECRET')
    expect(stderr).not.toContain('canary')
    expect((await gatehouse(['keys', 'list'])).stdout).toBe(before)
  })
})

describe('migrate', () => {
  let empty: TestDatabase
  beforeAll(async () => {
    empty = await createEmptyDatabase()
  })
  afterAll(() => empty.drop())

  test('applies what is pending once, however many run at once, and a further one has nothing to do', async () => {
    const env = { ...environment, DATABASE_URL: empty.url }
    const ended = await Promise.all([gatehouse(['migrate'], env), gatehouse(['migrate'], env)])
    expect(ended.map(({ code }) => code)).toEqual([0, 0])
    expect(ended.filter(({ stdout }) => stdout.startsWith('Applied: '))).toHaveLength(1)
    expect((await gatehouse(['migrate'], env)).stdout).toMatch(/^Nothing to do/)
    const client = new Client({ connectionString: empty.url })
    await client.connect()
    const { rows } = await client.query('SELECT count(*)::int AS users FROM users')
    await client.end()
    expect(rows).toEqual([{ users: 0 }])
  })

  test('a database that cannot be reached is a failure whose words hold no password: 1', async () => {
    const env = { ...environment, DATABASE_URL: 'postgresql://user:canary@127.0.0.1:1/none' }
    const { code, stdout, stderr } = await gatehouse(['migrate'], env)
    expect(code).toBe(1)
    expect(stderr).not.toBe('')
    expect(stdout + stderr).not.toContain('canary')
  })
})

describe('what a command needs', () => {
  /** Root may run a command as a user that /etc/passwd does not name, where such a user can read the program. */
  const stranger =
    process.getuid?.() === 0 && everyoneReaches(join(__dirname, '../../dist')) ? { uid: 54_321, gid: 54_321 } : {}
  const production = { NODE_ENV: 'production' }

  /** With these variables alone: no PATH, no HOME. */
  async function bare(args: string[], env: Record<string, string>): Promise<Ended> {
    const child = spawn(process.execPath, [join(__dirname, '../../dist/main.js'), ...args], {
      env,
      cwd: '/',
      ...stranger,
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
      if (stdout.includes('"event":"listening"')) child.kill('SIGTERM')
    })
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.stdin.end()
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stdout, stderr }
  }

  test.each([
    [['migrate'], ['DATABASE_URL']],
    [['keys', 'list'], ['DATABASE_URL']],
    [
      ['keys', 'rotate'],
      ['DATABASE_URL', 'SECRET'],
    ],
    [['users', 'import'], ['DATABASE_URL']],
    [
      ['mail', 'test', 'ada@example.com'],
      ['SMTP_URL', 'PUBLIC_URL'],
    ],
    [['config'], ['DATABASE_URL', 'SECRET', 'SMTP_URL', 'PUBLIC_URL']],
    [['serve'], ['DATABASE_URL', 'SECRET', 'SMTP_URL', 'PUBLIC_URL']],
  ])(
    '%j demands of a production environment what it uses, and runs with that alone, without a home folder',
    async (args, needs) => {
      const refused = await bare(args, production)
      expect(refused.code).toBe(78)
      const { problems } = JSON.parse(refused.stderr) as { problems: string[] }
      expect(problems.map((problem) => problem.split(':', 1)[0]).sort()).toEqual([...needs].sort())

      const all: Record<string, string> = { ...environment, PUBLIC_URL: 'https://auth.example.com' }
      const given = Object.fromEntries(needs.map((name) => [name, all[name] ?? '']))
      const serving = args[0] === 'serve' ? { PORT: '0', HOST: '127.0.0.1', SHUTDOWN_DRAIN: '0s' } : {}
      const ended = await bare(args, { ...production, ...given, ...serving })
      expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: '' })
    },
    90_000, // two processes each, on a machine with other work
  )

  test('variables and files that libraries read by themselves have no effect', async () => {
    const home = mkdtempSync(join(tmpdir(), 'gatehouse-home-'))
    const url = new URL(app.databaseUrl)
    writeFileSync(join(home, '.pgpass'), `*:*:*:*:${url.password}`, { mode: 0o600 })
    const hostile = {
      HOME: home,
      PGHOST: '192.0.2.1',
      PGPORT: '1',
      PGUSER: 'nobody',
      PGPASSWORD: url.password,
      PGSSLMODE: 'require',
      PGOPTIONS: '-c default_transaction_read_only=on',
      PGPASSFILE: join(home, '.pgpass'),
      NODE_PG_FORCE_NATIVE: '1',
      APOLLO_KEY: 'service:canary:key',
      DEBUG: '*',
    }
    const working = await gatehouse(['keys', 'rotate'], { ...environment, ...hostile })
    expect({ code: working.code, stderr: working.stderr }).toEqual({ code: 0, stderr: '' })
    rmSync(home, { recursive: true, force: true })
  })

  test('a failed command is one line of JSON in production, with a code and no value', async () => {
    const env = { ...production, DATABASE_URL: 'postgresql://canary:canary@127.0.0.1:1/canary' }
    const { code, stdout, stderr } = await gatehouse(['migrate'], env)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(JSON.parse(stderr)).toMatchObject({
      level: 'fatal',
      event: 'command_failed',
      command: 'migrate',
      code: 'ECONNREFUSED',
    })
    expect(stderr).not.toContain('canary')
  })

  test('a failed command is one readable line elsewhere', async () => {
    const { stderr } = await gatehouse(['migrate'], { DATABASE_URL: 'postgresql://canary:canary@127.0.0.1:1/canary' })
    expect(stderr).toBe('gatehouse migrate: nothing listens at the address of the database (ECONNREFUSED)\n')
  })
})

const linesOf = (stdout: string) =>
  stdout
    .split('\n')
    .filter(Boolean)
    .map((text) => JSON.parse(text) as Record<string, unknown>)

describe('users find', () => {
  const sql = (text: string, values: unknown[] = []) => app.app.deps.database.pool.query(text, values)
  const insert = (emails: string[], time: string) =>
    sql(`INSERT INTO users (email, password_hash, created_at) SELECT unnest($1::text[]), '!', $2::timestamptz`, [
      emails,
      time,
    ])
  const find = async (...options: string[]) => {
    const { code, stdout, stderr } = await gatehouse(['users', 'find', '--json', ...options])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    return linesOf(stdout)
  }

  test('prints pages that neither overlap nor omit an account of the same millisecond while others are added', async () => {
    const emails = ['a', 'b', 'c', 'd', 'e'].map((name) => `page.${name}@example.com`)
    await insert(emails, '2026-01-01T00:00:00.123Z')
    const first = await find('PAGE.', '--first', '3')
    await insert(['page.later@example.com'], '2026-01-02T00:00:00Z')
    const second = await find('page.', '--first', '3', '--after', String(first.at(-1)?.cursor))
    expect([first.length, second.length]).toEqual([3, 2])
    expect([...first, ...second].map(({ email }) => email).sort()).toEqual(emails)
    expect(Object.keys(first[0] ?? {})).not.toContain('passwordHash')
  })

  test('takes %, _, backslash and quotes of a beginning as plain text', async () => {
    await insert(["pl%n'@example.com", 'pl_n@example.com', 'plan@example.com'], '2026-01-01T00:00:00Z')
    const found = async (prefix: string) => (await find(prefix)).map(({ email }) => email)
    expect(await found("pl%n'")).toEqual(["pl%n'@example.com"])
    expect(await found('pl_')).toEqual(['pl_n@example.com'])
    expect(await found('pl\\')).toEqual([])
  })

  test('filters by state, and as columns says how to go on', async () => {
    await insert(['state.new@example.com', 'state.off@example.com', 'state.ok@example.com'], '2026-01-01T00:00:00Z')
    await sql(
      `UPDATE users SET email_verified_at = now() WHERE email IN ('state.off@example.com', 'state.ok@example.com')`,
    )
    await sql(`UPDATE users SET disabled_at = now() WHERE email = 'state.off@example.com'`)
    expect(await find('state.', '--unverified')).toMatchObject([{ email: 'state.new@example.com' }])
    expect(await find('state.', '--disabled')).toMatchObject([{ email: 'state.off@example.com' }])
    const { stdout, stderr } = await gatehouse(['users', 'find', 'state.', '--disabled'])
    expect({ stdout: stdout.trim().split(/\s+/).slice(2), stderr }).toEqual({
      stdout: ['disabled', 'state.off@example.com'],
      stderr: '',
    })
    const cut = await gatehouse(['users', 'find', 'state.', '--first', '1'])
    expect(cut.stderr).toMatch(/^There are more: --after 2026-01-01T00:00:00\.000Z,[0-9a-f-]{36}\n$/)
  })

  test('pages and beginnings are read from an index', async () => {
    const client = new Client({ connectionString: app.databaseUrl })
    await client.connect()
    await client.query('SET enable_seqscan = off')
    const plan = async (query: string) => JSON.stringify((await client.query(`EXPLAIN ${query}`)).rows)
    expect(
      await plan(
        `SELECT id FROM users WHERE (created_at, id) < (now(), uuid_v7()) ORDER BY created_at DESC, id DESC LIMIT 9`,
      ),
    ).toMatch(/Index.*users_created_at_id_idx/)
    expect(await plan(`SELECT id FROM users WHERE email ~>=~ 'a' AND email ~<~ 'b'`)).toContain(
      'users_email_prefix_idx',
    )
    await client.end()
  })

  test('a page of 201, a cursor that is none, and an unknown option are mistakes: 64', async () => {
    const wrong = [['--first', '201'], ['--after', 'yesterday'], ['--all']]
    const ended = await Promise.all(wrong.map((options) => gatehouse(['users', 'find', ...options])))
    expect(ended.map(({ code, stderr }) => [code, stderr.slice(0, 6)])).toEqual(wrong.map(() => [1, 'Usage:']))
  })
})

describe('audit tail', () => {
  test('prints the newest events of an account, the newest last, by type and number', async () => {
    const { email } = await signedIn(app)
    await call(app.url, 'login', { email, password: 'wrong horse battery' })
    const tail = async (...options: string[]) => {
      const { code, stdout, stderr } = await gatehouse(['audit', 'tail', email.toUpperCase(), ...options])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      return stdout
    }
    const all = linesOf(await tail('--json'))
    expect(all.map(({ type }) => type)).toEqual(['login_succeeded', 'login_failed'])
    expect(all[0]).toMatchObject({ ipAddress: '127.0.0.1', userId: expect.any(String) as string })
    expect(linesOf(await tail('--json', '--last', '1'))).toEqual(all.slice(1))
    expect(linesOf(await tail('--json', '--type', 'login_succeeded'))).toEqual(all.slice(0, 1))
    expect(await tail('--last', '1')).toMatch(/^\S+Z {2}login_failed {2}user {2}\S{36} {2}127\.0\.0\.1 {2}\{.*\}\n$/)
  })

  test('an address without an account is a failure, and a wrong option a mistake', async () => {
    const none = await gatehouse(['audit', 'tail', 'nobody@example.com'])
    expect(none).toEqual({ code: 1, stdout: '', stderr: 'No account has that address.\n' })
    expect((await gatehouse(['audit', 'tail', '--last', 'all'])).code).toBe(1)
  })
})

describe('mail test', () => {
  test('sends one mail by the configured server', async () => {
    const to = someone()
    expect(await gatehouse(['mail', 'test', to])).toEqual({ code: 0, stdout: 'Sent.\n', stderr: '' })
    const mail = await app.mail(to)
    expect(mail.parsed.subject).toBe('Gatehouse: test mail')
  })

  test('says what the server said when it would not take it: 1', async () => {
    const to = someone()
    app.smtp.behaviourOf.set(to, 550)
    const { code, stderr } = await gatehouse(['mail', 'test', to])
    expect(code).toBe(1)
    expect(stderr).toMatch(/^Not sent: host 127\.0\.0\.1, port \d+, step envelope: the server answered 550: 550 /)
  })

  test.each([
    ['no address', 'a@b,c@d', {}, /no plain e-mail address/],
    ['no mail server', 'a@example.com', { SMTP_URL: '' }, /SMTP_URL is not set/],
    [
      'nobody listens',
      'a@example.com',
      { SMTP_URL: 'smtp://user:canary@127.0.0.1:1' },
      /^Not sent: host 127\.0\.0\.1, port 1, step connect: nothing listens at this port \(econnrefused\)\n$/,
    ],
  ])('%s: 1', async (_what, to, env, words) => {
    const { code, stderr } = await gatehouse(['mail', 'test', to], { ...environment, ...env })
    expect(code).toBe(1)
    expect(stderr).toMatch(words)
  })
})

describe('mail templates and mail preview', () => {
  test('write what can be changed, and what the mails are like then, without a database', async () => {
    const [templates, out] = [join(folder, 'templates'), join(folder, 'previews')]
    expect((await gatehouse(['mail', 'templates', templates], {})).stdout).toMatch(/^57 files written to /)
    const texts = join(templates, 'locales/de.json')
    writeFileSync(texts, readFileSync(texts, 'utf8').replaceAll('Wählen Sie ein neues Passwort', 'Neues Passwort'))
    const env = { MAIL_TEMPLATES_DIR: templates, APP_NAME: 'Acme' }
    const preview = ['mail', 'preview', 'resetPassword', '--locale', 'de', '--out', out]
    expect(await gatehouse(preview, env)).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: `1 mail written: open ${join(out, 'index.html')}\n`,
    })
    const again = await gatehouse(preview, { ...env, NODE_ENV: 'production' })
    expect([again.code, again.stderr]).toEqual([0, ''])
    const intoTemplates = await gatehouse([...preview.slice(0, -1), templates], env)
    expect([intoTemplates.code, intoTemplates.stderr]).toEqual([1, expect.stringContaining('it is MAIL_TEMPLATES_DIR')])
    const foreign = mkdtempSync(join(folder, 'foreign-'))
    writeFileSync(join(foreign, 'index.html'), 'somebody else')
    const refused = await gatehouse([...preview.slice(0, -1), foreign], env)
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('its index.html is of no preview')])
    expect(readFileSync(join(foreign, 'index.html'), 'utf8')).toBe('somebody else')
    expect(readdirSync(out).sort()).toEqual(['de-resetPassword.html', 'de-resetPassword.txt', 'index.html'])
    expect(readFileSync(join(out, 'de-resetPassword.txt'), 'utf8')).toMatch(/^Neues Passwort\n[^]*Konto bei\s+Acme/)
    expect(readFileSync(join(out, 'index.html'), 'utf8')).toContain('<bdi>Neues Passwort für Acme</bdi>')

    expect((await gatehouse(['mail', 'templates', templates], {})).stdout).toContain('57 files are there already')
    expect(readFileSync(texts, 'utf8')).not.toContain('Wählen Sie ein neues Passwort')
  })

  test.each([
    [['nobody'], 'No mail is named nobody; there are verifyEmail, '],
    [['--locale', 'nl'], 'No mail is in that language; there are ar, de, en'],
  ])('mail preview %j: 1', async (args, words) => {
    const { code, stderr } = await gatehouse(['mail', 'preview', ...args], {})
    expect([code, stderr]).toEqual([1, expect.stringContaining(words) as string])
  })

  test('a text that cannot be used ends the server with the exit code of a wrong configuration', async () => {
    const changed = mkdtempSync(join(folder, 'wrong-'))
    writeFileSync(join(changed, 'verifyEmail.txt'), 'Welcome')
    const { code, stderr } = await gatehouse(['serve'], { ...environment, MAIL_TEMPLATES_DIR: changed })
    expect(code).toBe(78)
    expect(stderr).toContain('MAIL_TEMPLATES_DIR: verifyEmail.txt does not show link')
  })
})

test.each([
  ['DATABASE_URL', 'sslrootcert', (url: string) => ({ DATABASE_URL: url })],
  ['DIRECT_DATABASE_URL', 'sslkey', (url: string) => ({ DIRECT_DATABASE_URL: url })],
])('%s with a file that cannot be read as %s: 78', async (variable, parameter, urls) => {
  const url = `${app.databaseUrl}?sslmode=verify-full&${parameter}=/no/such/file.pem`
  const { code, stderr } = await gatehouse(['migrate'], { ...environment, ...urls(url) })
  expect(code).toBe(78)
  expect(stderr).toContain(`${variable}: the file of ${parameter} cannot be read (ENOENT)`)
})

/** Each of these costs the start 10 ms or more. */
const UNUSED =
  /\/dist\/(?:dev\/|graphql\/operators\/|http\/operatorServer)|\/node_modules\/(?:ajv|argon2|ioredis|@simplewebauthn\/server)\/|fast-json-stringify\/index\.js/

describe('a production server', () => {
  const production = () => ({
    ...{ ...environment, NODE_ENV: 'production', PORT: '0', HOST: '127.0.0.1', PUBLIC_URL: 'https://auth.example.com' },
    ...{ NODE_OPTIONS: `--require ${JSON.stringify(join(folder, 'modules.cjs'))}`, SHUTDOWN_GRACE: '1s' },
  })

  test('loads neither a development tool nor what only some configurations use', async () => {
    const list = join(folder, 'modules.json')
    writeFileSync(
      join(folder, 'modules.cjs'),
      `process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(list)}, JSON.stringify(Object.keys(require.cache))))`,
    )
    const server = runGatehouse(['serve'], production())
    await server.listening()
    await server.stop()
    const loaded = JSON.parse(readFileSync(list, 'utf8')) as string[]
    expect(loaded).toContainEqual(expect.stringMatching(/\/dist\/app\.js$/))
    expect(loaded.filter((file) => UNUSED.test(file))).toEqual([])
  })
})
