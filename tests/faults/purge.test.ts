import { Client } from 'pg'
import { KNOWN_DEVICE, MAIL, RETENTION } from '../../src/config/defaults'
import { purgeExpired } from '../../src/services/purgeExpired'
import { type TestApp, startTestApp, tokenOf } from '../support/app'
import { call, me } from '../support/client'
import { type TestDatabase, createDatabase } from '../support/database'
import { PASSWORD, loggedIn, registeredPerson, signedIn, someone, verifiedPerson } from '../support/people'
import { until } from '../support/until'

const DAY = 86_400_000
const MINUTE = 60_000

/** Tables that something is purged from. */
const TABLES = [
  'users',
  'registrations',
  'sessions',
  'replaced_refresh_tokens',
  'one_time_tokens',
  'former_emails',
  'known_devices',
  'counted_mails',
  'audit_events',
  'rate_limit_counters',
  'login_failures',
] as const

describe('the purge', () => {
  let app: TestApp
  beforeEach(async () => {
    // The server's own purge, at its start, would hold the lock that makes a second one skip.
    app = await startTestApp({ periodic: false })
  })
  afterEach(() => app.close())

  const pool = () => app.app.deps.database.pool
  const purge = () => purgeExpired(app.app.deps)

  async function counts(): Promise<Record<string, number>> {
    const found: Record<string, number> = {}
    for (const table of TABLES) {
      const { rows } = await pool().query<{ count: string }>(`SELECT count(*) FROM ${table}`)
      found[table] = Number(rows[0]?.count)
    }
    return found
  }

  /** Purges just before and just after `age`, and tells which tables lost how many rows by which. */
  async function lostAt(age: number): Promise<{ before: Record<string, number>; after: Record<string, number> }> {
    const lost = async () => {
      const had = await counts()
      await purge()
      const left = await counts()
      return Object.fromEntries(
        TABLES.map((table): [string, number] => [table, (had[table] ?? 0) - (left[table] ?? 0)]).filter(
          ([, number]) => number > 0,
        ),
      )
    }
    app.clock.pass(age - MINUTE)
    const before = await lost()
    app.clock.pass(2 * MINUTE)
    return { before, after: await lost() }
  }

  test('an account that nobody verified goes after 7 days, with its claims, and a verified one stays', async () => {
    await registeredPerson(app)
    const email = someone()
    await call(app.url, 'register', { email, password: PASSWORD })
    await app.mailedToken(email)
    await pool().query('DELETE FROM rate_limit_counters; DELETE FROM counted_mails')
    // The claim that was activated, with its used link, is of no more use either.
    const { before, after } = await lostAt(RETENTION.unverifiedUsers)
    expect(before).toEqual({})
    expect(after).toMatchObject({ users: 1, registrations: 2, one_time_tokens: 2 })
    expect(after).not.toHaveProperty('audit_events')
    const { rows } = await pool().query('SELECT 1 FROM users WHERE email = $1', [email])
    expect(rows).toEqual([])
  })

  test('an account that was claimed anew waits 7 days from then on', async () => {
    const email = someone()
    await call(app.url, 'register', { email, password: PASSWORD })
    app.clock.pass(RETENTION.unverifiedUsers - DAY)
    await call(app.url, 'register', { email, password: PASSWORD })
    app.clock.pass(2 * DAY)
    await purge()
    expect((await counts()).users).toBe(1)
    app.clock.pass(RETENTION.unverifiedUsers)
    await purge()
    expect((await counts()).users).toBe(0)
  })

  test.each([
    ['was ended', true],
    ['has expired', false],
  ])('a session that %s goes 7 days later', async (_state, isEnded) => {
    const { tokens } = await loggedIn(app, await verifiedPerson(app))
    if (isEnded) await call(app.url, 'logout', undefined, { token: tokens.accessToken })
    else app.clock.pass(app.config.refreshTokenTtl)
    await purge() // what else is due by now
    await pool().query(
      'DELETE FROM one_time_tokens; DELETE FROM registrations; DELETE FROM rate_limit_counters; DELETE FROM counted_mails',
    )
    const { before, after } = await lostAt(RETENTION.endedSessions)
    expect(before).toEqual({})
    expect(after).toEqual({ sessions: 1 })
  })

  test('a live session stays however old, and the memory of a replaced token goes with its use', async () => {
    let { tokens } = await loggedIn(app, await verifiedPerson(app))
    const refresh = async () => {
      const answer = await call(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })
      tokens = (answer.data as { tokens: typeof tokens }).tokens
    }
    await refresh()
    app.clock.pass(app.config.refreshTokenTtl - DAY)
    await refresh()
    await purge()
    await pool().query('DELETE FROM rate_limit_counters; DELETE FROM counted_mails')
    const { before, after } = await lostAt(DAY)
    expect(before).toEqual({})
    expect(after).toEqual({ replaced_refresh_tokens: 1 })
    expect((await call(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })).code).toBe('SUCCESS')
  })

  test('a mailed link that died unused goes 7 days later', async () => {
    const email = await registeredPerson(app)
    await call(app.url, 'requestReset', { email })
    await app.mailedToken(email, /new password/)
    await pool().query(
      "DELETE FROM one_time_tokens WHERE purpose <> 'RESET_PASSWORD'; DELETE FROM registrations; DELETE FROM rate_limit_counters; DELETE FROM counted_mails",
    )
    const { before, after } = await lostAt(RETENTION.deadTokens + app.config.resetTokenTtl)
    expect(before).toEqual({})
    expect(after).toEqual({ one_time_tokens: 1 })
  })

  test('of the devices of one account the newest 500 stay, and those whose login was rejected', async () => {
    const { user } = await signedIn(app)
    await pool().query(
      `INSERT INTO known_devices (id, user_id, device_hash, network, is_known, created_at, last_seen_at)
       SELECT gen_random_uuid(), $1, sha256(n::text::bytea), '10.0.0.0/24', n > 3, $2, $2::timestamptz - n * interval '1 second'
       FROM generate_series(1, $3) n`,
      [user.id, app.clock.now(), KNOWN_DEVICE.maxPerAccount + 5],
    )
    await purge()
    const { rows } = await pool().query('SELECT is_known, count(*)::int FROM known_devices GROUP BY 1 ORDER BY 1')
    expect(rows).toEqual([
      { is_known: false, count: 3 },
      { is_known: true, count: KNOWN_DEVICE.maxPerAccount },
    ])
  })

  test('a former address goes 7 days after the link that restores it has expired', async () => {
    await verifiedPerson(app)
    await pool().query(
      `INSERT INTO former_emails (user_id, email, token_hash, changed_at, expires_at)
       SELECT id, 'former.' || email, sha256('x'), $1, $2 FROM users`,
      [app.clock.now(), new Date(app.clock.now().getTime() + MAIL.undoLife)],
    )
    const { before, after } = await lostAt(MAIL.undoLife + RETENTION.deadTokens)
    expect(before).toEqual({})
    expect(after).toEqual({ former_emails: 1 })
  })

  test('a device goes 90 days after the last login from it', async () => {
    const email = await verifiedPerson(app)
    await loggedIn(app, email)
    app.clock.pass(DAY)
    await loggedIn(app, email)
    await pool().query('DELETE FROM sessions; DELETE FROM rate_limit_counters')
    const { before, after } = await lostAt(KNOWN_DEVICE.memory)
    expect(before).toEqual({})
    expect(after).toEqual({ known_devices: 1 })
  })

  test('an audit row goes after AUDIT_RETENTION', async () => {
    await registeredPerson(app)
    app.clock.pass(30 * DAY)
    await purge()
    const { before, after } = await lostAt(app.config.auditRetention - 30 * DAY)
    expect(before).toEqual({})
    expect(Object.keys(after)).toEqual(['audit_events'])
    expect((await counts()).users).toBe(1)
  })

  test('an audit row goes earlier with a shorter AUDIT_RETENTION', async () => {
    await app.close()
    app = await startTestApp({ env: { AUDIT_RETENTION: '30d' } })
    await verifiedPerson(app)
    await pool().query("INSERT INTO audit_events (type) VALUES ('login_failed')")
    await pool().query('UPDATE audit_events SET created_at = $1', [app.clock.now()])
    const { before, after } = await lostAt(30 * DAY)
    expect(before).toEqual({})
    expect(after).toEqual({ audit_events: 1 })
  })

  test('a mail counts until its hour is over and its link is dead', async () => {
    const email = someone()
    await call(app.url, 'register', { email, password: PASSWORD })
    await app.mailedToken(email)
    expect((await counts()).counted_mails).toBe(1)
    app.clock.pass(app.config.verifyTokenTtl - MINUTE)
    await purge()
    expect((await counts()).counted_mails).toBe(1)
    app.clock.pass(2 * MINUTE)
    await purge()
    expect((await counts()).counted_mails).toBe(0)
  })

  test('a rate-limit counter goes when its window is over, and not before', async () => {
    await pool().query(`
      INSERT INTO rate_limit_counters SELECT 'over', 1, (extract(epoch FROM now()) * 1000)::bigint;
      INSERT INTO rate_limit_counters SELECT 'open', 1, (extract(epoch FROM now()) * 1000)::bigint + 3600000`)
    await purge()
    expect((await pool().query('SELECT key FROM rate_limit_counters')).rows).toEqual([{ key: 'open' }])
  })

  test('of two instances one purges: the other deletes nothing, and does not wait', async () => {
    await loggedIn(app, await registeredPerson(app))
    const { rows: sessions } = await pool().query<{ id: string }>('SELECT id FROM sessions')
    await pool().query("INSERT INTO replaced_refresh_tokens VALUES (decode(repeat('00', 32), 'hex'), $1, now())", [
      sessions[0]?.id,
    ])
    await pool().query(`
      INSERT INTO users (email, password_hash) VALUES ('${someone()}', '!');
      INSERT INTO rate_limit_counters VALUES ('spent', 1, 1);
      INSERT INTO login_failures VALUES (decode(repeat('00', 32), 'hex'), 1, now() - interval '2 years')`)
    await pool().query(`
      INSERT INTO former_emails (user_id, email, token_hash, changed_at, expires_at)
      SELECT id, 'former.' || email, sha256('x'), now(), now() + interval '7 days' FROM users LIMIT 1`)
    app.clock.pass(2 * app.config.auditRetention)
    const had = await counts()
    expect(Math.min(...Object.values(had))).toBeGreaterThan(0)

    const other = await pool().connect()
    await other.query("BEGIN; SELECT pg_advisory_xact_lock(hashtext('gatehouse'), hashtext('purge'))")
    try {
      await purge()
      expect(await counts()).toEqual(had)
    } finally {
      await other.query('ROLLBACK')
      other.release()
    }

    await purge()
    const left = Object.entries(await counts()).filter(([, count]) => count > 0)
    expect(left).toEqual([['users', 1]])
  })

  test('an account that is verified while the purge runs stays, and the purge does not wait for it', async () => {
    await pool().query(
      `INSERT INTO users (email, password_hash, created_at) VALUES ('late@example.com', '!', now() - interval '1 year')`,
    )
    const other = await pool().connect()
    try {
      await other.query('BEGIN; UPDATE users SET email_verified_at = now()')
      await purge()
    } finally {
      await other.query('COMMIT')
      other.release()
    }
    await purge()
    expect((await counts()).users).toBe(1)
  })

  test('one statement deletes a thousand rows at most, and the purge repeats it until none is left', async () => {
    const count = 2 * RETENTION.purgeBatch + 1
    for (const table of ['users', 'login_failures', 'rate_limit_counters', 'audit_events'])
      await pool().query(`
        CREATE OR REPLACE FUNCTION refuse_many() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF (SELECT count(*) FROM gone) > ${RETENTION.purgeBatch} THEN RAISE 'too many rows of one statement'; END IF;
          RETURN NULL; END $$;
        CREATE TRIGGER refuse_many AFTER DELETE ON ${table} REFERENCING OLD TABLE AS gone
          FOR EACH STATEMENT EXECUTE FUNCTION refuse_many()`)
    await pool().query(
      `WITH old AS (
         INSERT INTO users (email, password_hash, created_at)
         SELECT n || '.' || gen_random_uuid() || '@example.com', '!', now() - interval '2 years' FROM generate_series(1, ${count}) n RETURNING id
       ), events AS (
         INSERT INTO audit_events (type, created_at) SELECT 'login_failed', now() - interval '2 years' FROM old
       ), failures AS (
         INSERT INTO login_failures SELECT sha256(id::text::bytea), 1, now() - interval '2 years' FROM old
       ) INSERT INTO rate_limit_counters SELECT id::text, 1, 1 FROM old`,
    )
    await purge()
    const { users, audit_events, login_failures, rate_limit_counters } = await counts()
    expect({ users, audit_events, login_failures, rate_limit_counters }).toEqual({
      ...{ users: 0, audit_events: 0, login_failures: 0, rate_limit_counters: 0 },
    })
  })

  test('an imported account waits for its verification for ever', async () => {
    await pool().query(
      `INSERT INTO users (email, password_hash, imported_at, created_at)
       VALUES ('imported@example.com', '$2b$12$hash', now(), now() - interval '1 year')`,
    )
    await purge()
    expect((await counts()).users).toBe(1)
  })

  // Were one of two to go, a link would activate the other.
  test('the two newest registrations stay as long as their unverified account', async () => {
    const email = someone()
    const settled = () => until(async () => (await pool().query('SELECT 1 FROM mails')).rowCount === 0)
    const register = async (password: string) => {
      await call(app.url, 'register', { email, password })
      await settled() // a mail whose link has died meanwhile is not sent
    }
    for (const password of [PASSWORD, `${PASSWORD} 2`, `${PASSWORD} 3`]) await register(password)
    app.clock.pass(RETENTION.unverifiedUsers - DAY)
    await register(`${PASSWORD} 4`)
    app.clock.pass(2 * DAY)
    await purge()
    expect((await counts()).registrations).toBe(2)
    await call(app.url, 'resendVerification', { email })
    await settled()
    const mail = app.smtp.mails.filter(({ recipients }) => recipients.includes(email)).at(-1)
    const { data } = await call(app.url, 'verifyEmail', { token: mail && tokenOf(mail) })
    expect(data.resetToken).toEqual(expect.any(String))
  })
})

describe('a role without any right to the schema', () => {
  let database: TestDatabase
  const role = `dml_${process.pid}`
  beforeAll(async () => {
    database = await createDatabase()
  })
  afterAll(() => database.drop())

  /** What an operator grants, once, after the migrations of each release. */
  const GRANTS = [
    `CREATE ROLE ${role} LOGIN PASSWORD 'a password of the tests'`,
    `GRANT USAGE ON SCHEMA public TO ${role}`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${role}`,
    `GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ${role}`,
    `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO ${role}`,
  ]

  async function asOwner(work: (client: Client) => Promise<unknown>): Promise<void> {
    const client = new Client({ connectionString: database.url })
    await client.connect()
    await work(client).finally(() => client.end())
  }

  test('runs the server: registering, mails, logins, the purge and the keys', async () => {
    await asOwner(async (client) => {
      for (const grant of GRANTS) await client.query(grant)
    })
    const url = new URL(database.url)
    url.username = role
    url.password = 'a password of the tests'
    const app = await startTestApp({
      databaseUrl: url.href,
      env: { RATE_LIMITS: 'on', NODE_ENV: 'test', MIGRATE_ON_START: 'false' },
    })
    try {
      await expect(app.app.deps.database.pool.query('CREATE TABLE forbidden ()')).rejects.toThrow(/permission denied/)
      const { tokens } = await loggedIn(app, await verifiedPerson(app))
      expect((await me(app.url, { token: tokens.accessToken })).code).toBe('SUCCESS')
      const refreshed = await call(app.url, 'refreshSession', { refreshToken: tokens.refreshToken })
      expect(refreshed.code).toBe('SUCCESS')
      await purgeExpired(app.app.deps)
      expect((await fetch(`${app.url}/health/ready`)).status).toBe(200)
      expect(app.log.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
    } finally {
      await app.close()
      await asOwner(async (client) => {
        await client.query(`DROP OWNED BY ${role}`)
        await client.query(`DROP ROLE ${role}`)
      })
    }
  })
})
