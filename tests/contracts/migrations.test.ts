import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { pino } from 'pino'
import { openDatabase } from '../../src/store/database'
import { MIGRATIONS_DIR, applyMigrations, pendingMigrations } from '../../src/store/migrations'
import { type TestDatabase, createEmptyDatabase } from '../support/database'

const root = join(__dirname, '../..')
const logger = pino({ level: 'silent' })
const released = readdirSync(MIGRATIONS_DIR)
  .filter((name) => /^\d/.test(name))
  .sort()

let database: TestDatabase
let client: Client
const folders: string[] = []

beforeEach(async () => {
  database = await createEmptyDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
})

afterEach(async () => {
  await client.end()
  await database.drop()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

/** The released migrations up to `last`, and one more. */
function migrationsUpTo(last: string | undefined, next?: { name: string; sql: string }): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-migrations-'))
  folders.push(folder)
  for (const name of released.filter((migration) => last !== undefined && migration <= last)) {
    cpSync(join(MIGRATIONS_DIR, name), join(folder, name), { recursive: true })
  }
  if (next) addMigration(folder, next)
  return folder
}

function addMigration(folder: string, { name, sql }: { name: string; sql: string }): void {
  mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, name, 'migration.sql'), sql)
}

async function history(): Promise<string[]> {
  const { rows } = await client.query<{ migration_name: string }>(
    'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL ORDER BY finished_at',
  )
  return rows.map((row) => row.migration_name)
}

async function exists(table: string): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table])
  return rows[0]?.there === true
}

describe('what is pending', () => {
  test('is everything on an empty database', async () => {
    expect(await pendingMigrations(client)).toEqual(released)
  })

  test('is nothing once all is applied', async () => {
    expect(await applyMigrations(database.url, logger)).toEqual(released)
    expect(await pendingMigrations(client)).toEqual([])
    expect(await applyMigrations(database.url, logger)).toEqual([])
  })

  test('is only the new one after an upgrade', async () => {
    await applyMigrations(database.url, logger)
    const next = migrationsUpTo(released.at(-1), { name: '99999999999999_next', sql: 'CREATE TABLE next_release ()' })
    expect(await pendingMigrations(client, next)).toEqual(['99999999999999_next'])
  })

  test('is nothing for a release that is older than the database', async () => {
    const newer = migrationsUpTo(released.at(-1), { name: '99999999999999_next', sql: 'CREATE TABLE next_release ()' })
    await applyMigrations(database.url, logger, newer)
    expect(await pendingMigrations(client)).toEqual([])
  })
})

describe('applying', () => {
  // The race: several instances of a deployment start on one database that has yet to be migrated.
  test('of many at once one applies, and all succeed', async () => {
    const results = await Promise.all(Array.from({ length: 8 }, () => applyMigrations(database.url, logger)))
    expect(results.filter((names) => names.length > 0)).toEqual([released])
    expect(await history()).toEqual(released)
  })

  test('a process killed in the middle of a migration leaves nothing of it, and the next run finishes', async () => {
    const sql = 'CREATE TABLE midway (); SELECT pg_advisory_xact_lock(42); CREATE TABLE done ();'
    const folder = migrationsUpTo(released.at(-1), { name: '99999999999999_midway', sql })
    await client.query('SELECT pg_advisory_lock(42)')
    const child = migratingProcess(folder)
    await untilSomeoneWaitsForLock(42)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await client.query('SELECT pg_advisory_unlock(42)')

    expect(await applyMigrations(database.url, logger, folder)).toEqual(['99999999999999_midway'])
    expect(await history()).toEqual([...released, '99999999999999_midway'])
    expect([await exists('midway'), await exists('done')]).toEqual([true, true])
  })

  test('a migration that fails is undone as a whole, and reported with its SQLSTATE and no value of a row; mended, it is applied', async () => {
    const name = '99999999999999_broken'
    const folder = migrationsUpTo(released.at(-1), {
      name,
      sql: "CREATE TABLE half (); SELECT 'ada@example.com'::int;",
    })
    const failure = await applyMigrations(database.url, logger, folder).catch((error: unknown) => error)
    expect(String(failure)).toMatch(/99999999999999_broken failed and was undone: SQLSTATE 22P02,/)
    expect(String(failure)).not.toContain('ada@')
    expect([await exists('half'), await history()]).toEqual([false, released])

    addMigration(folder, { name, sql: 'CREATE TABLE half ();' })
    expect(await applyMigrations(database.url, logger, folder)).toEqual([name])
  })

  test('one that was changed after it was applied is refused', async () => {
    const name = '99999999999999_edited'
    const folder = migrationsUpTo(released.at(-1), { name, sql: 'CREATE TABLE first_version ();' })
    await applyMigrations(database.url, logger, folder)
    addMigration(folder, { name, sql: 'CREATE TABLE second_version ();' })
    await expect(applyMigrations(database.url, logger, folder)).rejects.toThrow(
      /_edited was changed after it was applied: restore/,
    )
    expect(await exists('second_version')).toBe(false)
  })

  test.each([
    ['finished_at', 'all of it is there', []],
    ['rolled_back_at', 'none is', ['99999999999999_other']],
  ])('one that another tool left unfinished is refused, and the advice helps: %s', async (column, _case, applied) => {
    const name = '99999999999999_other'
    const folder = migrationsUpTo(released.at(-1), { name, sql: 'CREATE TABLE other ();' })
    await applyMigrations(database.url, logger)
    const { checksum } = await checksumOf(folder, name)
    await client.query(
      'INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES (gen_random_uuid(), $1, $2)',
      [checksum, name],
    )

    const refusal = await applyMigrations(database.url, logger, folder).catch(
      (error: unknown) => (error as Error).message,
    )
    expect(refusal).toMatch(/was begun by another tool at .* and not finished/)
    const advice = new RegExp(`UPDATE _prisma_migrations SET ${column} = now\\(\\) WHERE id = '[^']+';`).exec(
      String(refusal),
    )?.[0]
    await client.query(String(advice))
    expect(await applyMigrations(database.url, logger, folder)).toEqual(applied)
  })

  // A migration that waits for a table lets every later query of that table wait behind it.
  test('a table in use is waited for no longer than a query may take', async () => {
    const sql = "CREATE TABLE measured AS SELECT current_setting('lock_timeout') AS lock_timeout"
    await applyMigrations(database.url, logger, migrationsUpTo(undefined, { name: '1_measured', sql }))
    expect((await client.query('SELECT * FROM measured')).rows).toEqual([{ lock_timeout: '5s' }])
  })

  async function checksumOf(folder: string, name: string): Promise<{ checksum: string }> {
    const other = await createEmptyDatabase()
    await applyMigrations(other.url, logger, folder)
    const reader = new Client({ connectionString: other.url })
    await reader.connect()
    const { rows } = await reader.query<{ checksum: string }>(
      'SELECT checksum FROM _prisma_migrations WHERE migration_name = $1',
      [name],
    )
    await reader.end()
    await other.drop()
    return rows[0] ?? { checksum: '' }
  }

  function migratingProcess(folder: string): ChildProcess {
    const script = `require('./src/store/migrations').applyMigrations(${JSON.stringify(database.url)}, { info() {}, error() {} }, ${JSON.stringify(folder)})`
    return spawn(process.execPath, ['-r', './tests/support/registerTypescript.cjs', '-e', script], {
      cwd: root,
      stdio: 'inherit',
    })
  }

  async function untilSomeoneWaitsForLock(key: number): Promise<void> {
    const waiting = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = ${key} AND NOT granted`
    while ((await client.query(waiting)).rows.length === 0);
  }
})

/** Data as each migration's own release wrote it: one entry for each, in the columns of its time. It is never edited. */
const DATA: Record<string, string> = {
  '20261122000000_init': `
    INSERT INTO users (id, email, password_hash, display_name, locale, email_verified_at)
      VALUES ('01a20000-0000-7000-8000-000000000001', 'ada@example.com', '$2b$12$hash', 'Ada', 'de', now());
    INSERT INTO registrations (user_id, password_hash, locale) VALUES ('01a20000-0000-7000-8000-000000000001', '$2b$12$hash', 'de');
    INSERT INTO sessions (user_id, refresh_token_hash, expires_at)
      VALUES ('01a20000-0000-7000-8000-000000000001', sha256('a'), now() + interval '30 days');
    INSERT INTO one_time_tokens (user_id, purpose, email, token_hash, expires_at)
      VALUES ('01a20000-0000-7000-8000-000000000001', 'CHANGE_EMAIL', 'ada@example.org', sha256('b'), now() + interval '1 day');
    INSERT INTO signing_keys (kid, public_jwk, private_key_sealed, signs_from) VALUES ('k1', '{"kty":"EC"}', '\\x00', now());
    INSERT INTO audit_events (user_id, type) VALUES ('01a20000-0000-7000-8000-000000000001', 'login');
    INSERT INTO mails (name, recipient, user_id, expires_at)
      VALUES ('verifyEmail', 'ada@example.com', '01a20000-0000-7000-8000-000000000001', now() + interval '1 day');`,
  '20261126030000_pending_email_change': `
    INSERT INTO users (id, email, password_hash, display_name, locale, email_verified_at, pending_email, pending_email_expires_at)
      VALUES ('01a20000-0000-7000-8000-000000000001', 'ada@example.com', '$2b$12$hash', 'Ada', 'de', now(),
        'ada@example.org', now() + interval '1 day');
    INSERT INTO registrations (user_id, password_hash, locale) VALUES ('01a20000-0000-7000-8000-000000000001', '$2b$12$hash', 'de');
    INSERT INTO sessions (user_id, refresh_token_hash, expires_at)
      VALUES ('01a20000-0000-7000-8000-000000000001', sha256('a'), now() + interval '30 days');
    INSERT INTO one_time_tokens (user_id, purpose, email, token_hash, expires_at)
      VALUES ('01a20000-0000-7000-8000-000000000001', 'CHANGE_EMAIL', 'ada@example.org', sha256('b'), now() + interval '1 day');
    INSERT INTO signing_keys (kid, public_jwk, private_key_sealed, signs_from) VALUES ('k1', '{"kty":"EC"}', '\\x00', now());
    INSERT INTO audit_events (user_id, type) VALUES ('01a20000-0000-7000-8000-000000000001', 'login');
    INSERT INTO mails (name, recipient, user_id, expires_at)
      VALUES ('verifyEmail', 'ada@example.com', '01a20000-0000-7000-8000-000000000001', now() + interval '1 day');`,
  '20261126050000_mail_leases': `
    INSERT INTO users (id, email, password_hash, display_name, locale, email_verified_at)
      VALUES ('01a20000-0000-7000-8000-000000000001', 'ada@example.com', '$2b$12$hash', 'Ada', 'de', now());
    INSERT INTO registrations (user_id, password_hash, locale) VALUES ('01a20000-0000-7000-8000-000000000001', '$2b$12$hash', 'de');
    INSERT INTO sessions (user_id, refresh_token_hash, expires_at)
      VALUES ('01a20000-0000-7000-8000-000000000001', sha256('a'), now() + interval '30 days');
    INSERT INTO one_time_tokens (user_id, purpose, email, token_hash, expires_at)
      VALUES ('01a20000-0000-7000-8000-000000000001', 'CHANGE_EMAIL', 'ada@example.org', sha256('b'), now() + interval '1 day');
    INSERT INTO signing_keys (kid, public_jwk, private_key_sealed, signs_from) VALUES ('k1', '{"kty":"EC"}', '\\x00', now());
    INSERT INTO audit_events (user_id, type) VALUES ('01a20000-0000-7000-8000-000000000001', 'login');
    INSERT INTO mails (name, recipient, user_id, expires_at, due_at, leased_until, lease_owner)
      VALUES ('verifyEmail', 'ada@example.com', '01a20000-0000-7000-8000-000000000001', now() + interval '1 day', now(),
        now() + interval '10 seconds', gen_random_uuid());`,
}
DATA['20261126030001_refresh_successors'] = `${DATA['20261126030000_pending_email_change'] ?? ''}
    INSERT INTO replaced_refresh_tokens (token_hash, session_id, replaced_at, successor_sealed)
      SELECT sha256('c'), id, now(), decode(repeat('00', 71), 'hex') FROM sessions;`
DATA['20261126020000_claims_apart_from_accounts'] = DATA['20261122000000_init'] ?? ''
DATA['20261126060000_imports'] = `${DATA['20261122000000_init'] ?? ''}
    UPDATE users SET imported_at = now();`
DATA['20261126070000_login_failures'] = `${DATA['20261126060000_imports']}
    INSERT INTO login_failures (address_hash, failures, last_failed_at) VALUES (sha256('a'), 3, now());`
DATA['20261126080000_second_factor'] = `${DATA['20261126070000_login_failures']}
    UPDATE sessions SET aal = 2, amr = '{pwd,otp,mfa}';
    INSERT INTO totp_factors (user_id, name, secret_sealed, confirmed_at)
      SELECT id, 'Phone', decode(repeat('00', 48), 'hex'), now() FROM users;
    INSERT INTO recovery_codes (user_id, code_hash) SELECT id, sha256('d') FROM users;
    INSERT INTO challenges (purpose, token_hash, user_id, max_attempts, expires_at)
      SELECT 'SECOND_FACTOR', sha256('e'), id, 5, now() + interval '5 minutes' FROM users;`
DATA['20261126080001_authenticated_at'] = DATA['20261126080000_second_factor']
DATA['20261126090000_order_of_links'] = `${DATA['20261126070000_login_failures']}
    UPDATE one_time_tokens SET mail_sequence = 1;`

DATA['20261126100000_mailed_codes'] = `${DATA['20261126090000_order_of_links'] ?? ''}
    INSERT INTO challenges (purpose, token_hash, email, max_attempts, expires_at)
      VALUES ('LOGIN_CODE', sha256('f'), 'ada@example.com', 5, now() + interval '10 minutes');
    UPDATE mails SET challenge_id = (SELECT id FROM challenges WHERE purpose = 'LOGIN_CODE');`

DATA['20261126110000_passkeys'] = `${DATA['20261126100000_mailed_codes']}
    INSERT INTO passkeys (user_id, credential_id, public_key, discoverable, backup_eligible, backed_up, name)
      SELECT id, 'credential', 'key', true, true, true, 'Laptop' FROM users;
    INSERT INTO settings (name, value) VALUES ('passkey_rp_id', 'example.com');`

DATA['20261126130000_webhooks'] = `${DATA['20261126110000_passkeys']}
    INSERT INTO webhook_endpoints (url, secret_sealed) VALUES ('https://example.com/hook', decode(repeat('00', 60), 'hex'));
    INSERT INTO webhook_deliveries (endpoint_id, event_id, type, data)
      SELECT id, uuid_v7(), 'webhook.test', '{}' FROM webhook_endpoints;`

DATA['20261126140000_operator_lookups'] = DATA['20261126130000_webhooks']

DATA['20261126150000_roles_and_claims'] = `${DATA['20261126140000_operator_lookups'] ?? ''}
    UPDATE users SET roles = '{editor}', claims = '{"plan": "gold"}';
    UPDATE audit_events SET actor_kind = 'cli';`

DATA['20261127060000_trace_context'] = `${DATA['20261126150000_roles_and_claims']}
    UPDATE mails SET traceparent = '00-11111111111111111111111111111111-2222222222222222-01';`

DATA['20261127180000_operators'] = `${DATA['20261127060000_trace_context']}
    UPDATE users SET disabled_reason = 'asked for it', last_login_at = now();
    UPDATE audit_events SET actor_id = gen_random_uuid(), request_id = gen_random_uuid();
    INSERT INTO service_keys (name, key_hash, scopes, expires_at)
      VALUES ('billing', sha256('g'), '{users:read}', now() + interval '1 year');`

DATA['20261127183000_second_factor_removals'] = `${DATA['20261127180000_operators'] ?? ''}
    INSERT INTO second_factor_removals (user_id, requested_at, due_at)
      SELECT id, now(), now() + interval '1 day' FROM users;`

DATA['20261127200000_hash_kinds'] = DATA['20261127183000_second_factor_removals']

DATA['20261127230000_former_emails'] = `${DATA['20261127200000_hash_kinds'] ?? ''}
    INSERT INTO former_emails (user_id, email, token_hash, changed_at, expires_at)
      SELECT id, 'ada@example.net', sha256('h'), now(), now() + interval '7 days' FROM users;`

DATA['20261127230500_profiles'] = `${DATA['20261127230000_former_emails'] ?? ''}
    INSERT INTO profiles (user_id, data) SELECT id, '{"plan":"team"}' FROM users;`

DATA['20261127234500_kept_addresses_by_statement'] = DATA['20261127230500_profiles']

DATA['20261127235000_mail_redirect'] = `${DATA['20261127234500_kept_addresses_by_statement'] ?? ''}
    UPDATE mails SET redirect = 'https://app.example.com/auth';`

DATA['20261127235500_known_devices'] = `${DATA['20261127235000_mail_redirect']}
    INSERT INTO known_devices (user_id, device_hash, network) SELECT id, sha256('i'), '203.0.113.0/24' FROM users;`

DATA['20261127235600_devices_of_the_audit'] = DATA['20261127235500_known_devices']

DATA['20261128060000_indexes_of_the_purge'] = DATA['20261127235600_devices_of_the_audit']

DATA['20261128063000_no_notification_of_purged_sessions'] = DATA['20261127235600_devices_of_the_audit']

DATA['20261128070000_notify_of_rows_only'] = DATA['20261127235600_devices_of_the_audit']

describe('data of an earlier release', () => {
  test.each(released)(
    'written after %s is there after all later migrations, and today’s client reads it',
    async (name) => {
      const data = DATA[name]
      if (data === undefined) throw new Error(`Add data of the time of ${name} to DATA`)
      await applyMigrations(database.url, logger, migrationsUpTo(name))
      await client.query(data)
      await applyMigrations(database.url, logger)

      const today = openDatabase({ url: database.url, poolSize: 1, onIdleError: () => undefined })
      const include = { registrations: true, sessions: true, oneTimeTokens: true, auditEvents: true, mails: true }
      const user = await today.prisma.user.findUniqueOrThrow({ where: { email: 'ada@example.com' }, include })
      const keys = await today.prisma.signingKey.count()
      await today.close()

      expect(user).toMatchObject({ passwordHash: '$2b$12$hash', displayName: 'Ada', locale: 'de' })
      const { registrations, sessions, oneTimeTokens, auditEvents, mails } = user
      expect([registrations, sessions, oneTimeTokens, auditEvents, mails].map((rows) => rows.length)).toEqual([
        1, 1, 1, 1, 1,
      ])
      expect(keys).toBe(1)
    },
  )
})

test('the devices of logins of the last 90 days are known after 20261127235600_devices_of_the_audit, so that nobody is mailed', async () => {
  const before = released[released.indexOf('20261127235500_known_devices') - 1] ?? ''
  await applyMigrations(database.url, logger, migrationsUpTo(before))
  await client.query(`
    INSERT INTO users (id, email, password_hash, email_verified_at)
      VALUES ('01a20000-0000-7000-8000-000000000001', 'ada@example.com', '$2b$12$hash', now());
    INSERT INTO audit_events (user_id, type, ip_address, user_agent, created_at)
      SELECT '01a20000-0000-7000-8000-000000000001', type, address, agent, now() - age::interval FROM (VALUES
        ('login_succeeded', '203.0.113.7', 'Browser/140.0', '80 days'),
        ('login_succeeded', '203.0.113.9', 'Browser/141.2', '1 day'),
        ('login_succeeded', '2001:db8:1:2::3', NULL, '1 day'),
        ('login_succeeded', 'no address', 'Browser/140.0', '1 day'),
        ('login_succeeded', '198.51.100.1', 'Browser/140.0', '91 days'),
        ('login_failed', '198.51.100.2', 'Browser/140.0', '1 day')) AS given (type, address, agent, age)`)
  await applyMigrations(database.url, logger)
  const { rows } = await client.query('SELECT network, token_hash, is_known FROM known_devices ORDER BY network')
  expect(rows).toEqual(
    ['2001:db8:1::/48', '203.0.113.0/24', 'no address'].map((network) => ({
      network,
      token_hash: null,
      is_known: true,
    })),
  )
})
