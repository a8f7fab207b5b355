import { randomBytes } from 'node:crypto'
import { Client, Pool } from 'pg'
import { type TestDatabase, createDatabase } from '../support/database'

let database: TestDatabase
let client: Client

beforeAll(async () => {
  database = await createDatabase()
  client = new Client({ connectionString: database.url })
  await client.connect()
})

afterAll(async () => {
  await client.end()
  await database.drop()
})

type Row = Record<string, unknown>

const tomorrow = () => new Date(Date.now() + 86_400_000)
const yesterday = () => new Date(Date.now() - 86_400_000)
const digest = () => randomBytes(32)

async function insert(table: string, row: Row): Promise<Row> {
  const columns = Object.keys(row)
  const values = columns.map((_, index) => `$${index + 1}`).join(', ')
  const { rows } = await client.query<Row>(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values}) RETURNING *`,
    Object.values(row),
  )
  return rows[0] ?? {}
}

const addUser = (row: Row = {}) =>
  insert('users', {
    ...{ email: `${randomBytes(6).toString('hex')}@example.com`, password_hash: '$2b$12$hash' },
    ...{ email_verified_at: new Date(), ...row },
  })

const addSession = async (row: Row = {}) =>
  insert('sessions', { user_id: (await addUser()).id, refresh_token_hash: digest(), expires_at: tomorrow(), ...row })

const addOneTimeToken = async (row: Row = {}) => {
  const defaults = { purpose: 'VERIFY_EMAIL', email: 'ada@example.com', token_hash: digest(), expires_at: tomorrow() }
  return insert('one_time_tokens', { user_id: (await addUser()).id, ...defaults, ...row })
}

const addMail = (row: Row = {}) =>
  insert('mails', { name: 'verifyEmail', recipient: 'ada@example.com', expires_at: tomorrow(), ...row })

const addFormerEmail = async (row: Row = {}) => {
  const email = `${randomBytes(6).toString('hex')}@example.com`
  const times = { changed_at: new Date(), expires_at: tomorrow() }
  return insert('former_emails', { user_id: (await addUser()).id, email, token_hash: digest(), ...times, ...row })
}

const addKnownDevice = async (row: Row = {}) =>
  insert('known_devices', { user_id: (await addUser()).id, device_hash: digest(), network: '203.0.113.0/24', ...row })

const addKey = (row: Row = {}) =>
  insert('signing_keys', {
    kid: randomBytes(8).toString('hex'),
    public_jwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' },
    private_key_sealed: digest(),
    signs_from: new Date(),
    ...row,
  })

const addRegistration = async (row: Row = {}) =>
  insert('registrations', { user_id: (await addUser()).id, password_hash: '$2b$12$hash', locale: 'en', ...row })

const addAuditEvent = (row: Row = {}) => insert('audit_events', { type: 'login', ...row })

describe('ids', () => {
  test('are UUIDs of version 7, and hold the time of the insertion', async () => {
    const before = Date.now()
    const id = String((await addUser()).id)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    const time = parseInt(id.replaceAll('-', '').slice(0, 12), 16)
    expect(time).toBeGreaterThanOrEqual(before - 1)
    expect(time).toBeLessThanOrEqual(Date.now() + 1)
  })

  test('of one statement differ', async () => {
    const { rows } = await client.query('SELECT count(DISTINCT uuid_v7())::int AS ids FROM generate_series(1, 1000)')
    expect(rows).toEqual([{ ids: 1000 }])
  })
})

describe('rows with few columns', () => {
  test('get their ids, times and locale from the database', async () => {
    const user = await addUser()
    expect(user).toMatchObject({ locale: 'en', imported_at: null, display_name: null })
    expect(user.created_at).toBeInstanceOf(Date)
    expect(await addSession()).toMatchObject({ revoked_at: null, ip_address: null })
    expect(await addOneTimeToken()).toMatchObject({ used_at: null })
    expect(await addAuditEvent()).toMatchObject({ details: {}, user_id: null })
    expect(await addMail()).toMatchObject({ attempts: 0, locale: 'en' })
    expect(await addKey()).toMatchObject({ verifies_until: null })
    expect(await addRegistration()).toMatchObject({ activated_at: null })
  })
})

describe('addresses', () => {
  const canonical = ['ada@example.com', "o'brien+list@xn--bcher-kva.example", `${'a'.repeat(64)}@example.com`]
  const others = [
    ['capitals', 'Ada@example.com'],
    ['a capital domain', 'ada@Example.com'],
    ['characters outside ASCII', 'adá@example.com'],
    ['a domain outside ASCII', 'ada@bücher.example'],
    ['a space', 'ada lovelace@example.com'],
    ['a trailing line break', 'ada@example.com\n'],
    ['two @', 'ada@home@example.com'],
    ['no @', 'example.com'],
    ['no local part', '@example.com'],
    ['a list', 'ada@example.com,bob@example.com'],
    ['a display name', 'ada<ada@example.com>'],
    ['a dotless host', 'ada@localhost'],
    ['a local part of 65', `${'a'.repeat(65)}@example.com`],
    ['255 octets', `a@${'b'.repeat(249)}.com`],
  ] as const

  test.each(canonical)('%s is stored', async (email) => {
    expect(await addUser({ email })).toMatchObject({ email })
  })

  test.each(others)('with %s are refused for users, tokens and mails', async (_case, email) => {
    await expect(addUser({ email })).rejects.toMatchObject({ constraint: 'users_email_canonical' })
    await expect(addOneTimeToken({ email })).rejects.toMatchObject({ constraint: 'one_time_tokens_email_canonical' })
    await expect(addMail({ recipient: email })).rejects.toMatchObject({ constraint: 'mails_recipient_canonical' })
  })

  // The race: many registrations of one address at the same moment.
  test('belong to one user, however many claim one at once', async () => {
    const pool = new Pool({ connectionString: database.url, max: 50 })
    const claim = "INSERT INTO users (email, password_hash) VALUES ('wanted@example.com', 'hash')"
    const results = await Promise.allSettled(Array.from({ length: 50 }, () => pool.query(claim)))
    await pool.end()
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { constraint: 'users_email_key' },
    })
  })
})

describe('refused are', () => {
  const long = (length: number) => 'x'.repeat(length)
  const refusals: [constraint: string, attempt: () => Promise<Row>][] = [
    ['users_password_hash_length', () => addUser({ password_hash: '' })],
    ['users_password_hash_length', () => addUser({ password_hash: long(513) })],
    ['users_display_name_length', () => addUser({ display_name: long(101) })],
    ['users_locale_length', () => addUser({ locale: long(36) })],
    ['registrations_password_hash_length', () => addRegistration({ password_hash: '' })],
    ['registrations_display_name_length', () => addRegistration({ display_name: long(101) })],
    ['registrations_locale_length', () => addRegistration({ locale: '' })],
    ['registrations_password_hash_until_activated', () => addRegistration({ activated_at: new Date() })],
    ['sessions_expires_after_creation', () => addSession({ expires_at: yesterday() })],
    ['sessions_refresh_token_hash_length', () => addSession({ refresh_token_hash: Buffer.from(long(43)) })],
    ['sessions_refresh_token_hash_length', () => addSession({ refresh_token_hash: Buffer.alloc(0) })],
    ['sessions_ip_address_length', () => addSession({ ip_address: long(46) })],
    ['sessions_user_agent_length', () => addSession({ user_agent: long(513) })],
    [
      'replaced_refresh_tokens_token_hash_length',
      async () => {
        const token_hash = Buffer.from(long(43))
        return insert('replaced_refresh_tokens', {
          token_hash,
          session_id: (await addSession()).id,
          replaced_at: new Date(),
        })
      },
    ],
    ['sessions_user_id_fkey', () => addSession({ user_id: '01a20000-0000-7000-8000-000000000000' })],
    ['one_time_tokens_expires_after_creation', () => addOneTimeToken({ expires_at: yesterday() })],
    ['one_time_tokens_token_hash_length', () => addOneTimeToken({ token_hash: Buffer.from(long(43)) })],
    ['former_emails_expires_after_change', () => addFormerEmail({ expires_at: yesterday() })],
    ['former_emails_token_hash_length', () => addFormerEmail({ token_hash: Buffer.from(long(43)) })],
    ['former_emails_email_canonical', () => addFormerEmail({ email: 'Ada@example.com' })],
    ['known_devices_device_hash_length', () => addKnownDevice({ device_hash: Buffer.from(long(43)) })],
    ['known_devices_token_hash_length', () => addKnownDevice({ token_hash: Buffer.from(long(43)) })],
    ['known_devices_network_length', () => addKnownDevice({ network: long(50) })],
    ['signing_keys_kid_length', () => addKey({ kid: '' })],
    ['signing_keys_public_jwk_is_public', () => addKey({ public_jwk: { kty: 'EC', d: 'private' } })],
    ['audit_events_type_length', () => addAuditEvent({ type: long(65) })],
    ['audit_events_ip_address_length', () => addAuditEvent({ ip_address: long(46) })],
    ['audit_events_user_agent_length', () => addAuditEvent({ user_agent: long(513) })],
    ['mails_expires_after_creation', () => addMail({ expires_at: yesterday() })],
    ['mails_name_length', () => addMail({ name: '' })],
    ['mails_locale_length', () => addMail({ locale: '' })],
    ['mails_attempts_counted', () => addMail({ attempts: -1 })],
  ]

  test.each(refusals)('what %s forbids', async (constraint, attempt) => {
    await expect(attempt()).rejects.toMatchObject({ constraint })
  })

  test.each([
    ['sessions', 'refresh_token_hash', addSession],
    ['one_time_tokens', 'token_hash', addOneTimeToken],
    ['former_emails', 'token_hash', addFormerEmail],
  ])('two %s of one digest', async (table, column, add) => {
    const row = await add()
    await expect(add({ [column]: row[column] })).rejects.toMatchObject({ constraint: `${table}_${column}_key` })
  })

  test('one-time tokens of an unknown purpose', async () => {
    await expect(addOneTimeToken({ purpose: 'OTHER' })).rejects.toThrow(/invalid input value for enum one_time_purpose/)
  })
})

describe('lengths', () => {
  test('count characters, not bytes: a hundred outside the BMP are a display name', async () => {
    expect(await addUser({ display_name: '🦉'.repeat(100) })).toMatchObject({ display_name: '🦉'.repeat(100) })
  })
})

describe('a user who goes', () => {
  test('takes sessions, tokens, claims and waiting mails along, and leaves the audit trail', async () => {
    const user_id = (await addUser()).id
    const gone = {
      sessions: addSession,
      one_time_tokens: addOneTimeToken,
      former_emails: addFormerEmail,
      known_devices: addKnownDevice,
      registrations: addRegistration,
      mails: addMail,
    }
    for (const add of Object.values(gone)) await add({ user_id })
    const event = await addAuditEvent({ user_id })

    await client.query('DELETE FROM users WHERE id = $1', [user_id])
    for (const table of Object.keys(gone)) {
      expect((await client.query(`SELECT 1 FROM ${table} WHERE user_id = $1`, [user_id])).rows).toEqual([])
    }
    expect((await client.query('SELECT user_id FROM audit_events WHERE id = $1', [event.id])).rows).toEqual([
      { user_id: null },
    ])
  })
})

describe('storage', () => {
  test('rate-limit counters are unlogged', async () => {
    const { rows } = await client.query(
      "SELECT relpersistence AS kind FROM pg_class WHERE relname = 'rate_limit_counters'",
    )
    expect(rows).toEqual([{ kind: 'u' }])
  })

  test('every foreign key has an index that starts with its column', async () => {
    const { rows } = await client.query(`
      SELECT conname FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT EXISTS (
        SELECT 1 FROM pg_index WHERE indrelid = conrelid AND indkey[0] = conkey[1])`)
    expect(rows).toEqual([])
  })
})

describe('the channel tells', () => {
  /** The payloads that `change` causes, in order. */
  async function heard(change: string, values: unknown[]): Promise<string[]> {
    const listener = new Client({ connectionString: database.url })
    await listener.connect()
    const payloads: string[] = []
    const over = new Promise<void>((resolve) => {
      listener.on('notification', ({ payload = '' }) => (payload === 'over' ? resolve() : payloads.push(payload)))
    })
    await listener.query('LISTEN gatehouse')
    await client.query(change, values)
    await client.query("NOTIFY gatehouse, 'over'")
    await over
    await listener.end()
    return payloads
  }

  test.each([
    ['revoked', 'UPDATE sessions SET revoked_at = now() WHERE id = $1'],
    ['shortened', "UPDATE sessions SET expires_at = expires_at - interval '1 hour' WHERE id = $1"],
    ['deleted', 'DELETE FROM sessions WHERE id = $1'],
  ])('of a session that is %s', async (_case, change) => {
    const { id } = await addSession()
    expect(await heard(change, [id])).toEqual([`session:${String(id)}`])
  })

  test.each([
    ['seen', 'UPDATE sessions SET last_seen_at = now() WHERE id = $1'],
    [
      'rotated',
      "UPDATE sessions SET refresh_token_hash = sha256('n'), expires_at = expires_at + interval '1 hour' WHERE id = $1",
    ],
  ])('nothing of a session that is only %s', async (_case, change) => {
    const { id } = await addSession()
    expect(await heard(change, [id])).toEqual([])
  })

  test('of a session that changes hands', async () => {
    const { id } = await addSession()
    expect(await heard(`UPDATE sessions SET user_id = '${String((await addUser()).id)}' WHERE id = $1`, [id])).toEqual([
      `session:${String(id)}`,
    ])
  })

  test('nothing of a session that ended long ago and is deleted', async () => {
    const { id } = await addSession()
    await client.query("UPDATE sessions SET revoked_at = now() - interval '2 days' WHERE id = $1", [id])
    expect(await heard('DELETE FROM sessions WHERE id = $1', [id])).toEqual([])
  })

  test.each([
    [
      'mails',
      'mails',
      'name, recipient, locale, expires_at',
      "'resetPassword', 'a@example.com', 'en', now() + interval '1 day'",
    ],
    ['webhooks', 'webhook_deliveries', 'endpoint_id, event_id, type, data', "id, uuid_v7(), 'webhook.test', '{}'"],
  ])('of %s that are queued, and nothing of a statement that queued none', async (kind, table, columns, values) => {
    await client.query("INSERT INTO webhook_endpoints (url, secret_sealed) VALUES ('https://a.example.com', '')")
    const insert = `INSERT INTO ${table} (${columns}) SELECT ${values} FROM webhook_endpoints WHERE $1 LIMIT 1`
    expect(await heard(insert, [false])).toEqual([])
    expect(await heard(insert, [true])).toEqual([kind])
  })

  test.each([
    ['email', "'moved-here@example.com'"],
    ['display_name', "'Ada'"],
    ['locale', "'de'"],
    ['email_verified_at', 'now()'],
    ['disabled_at', 'now()'],
    ['password_changed_at', "now() + interval '1 second'"],
  ])('of a user whose %s changes', async (column, value) => {
    const { id } = await addUser()
    expect(await heard(`UPDATE users SET ${column} = ${value} WHERE id = $1`, [id])).toEqual([`user:${String(id)}`])
  })

  test('nothing of a user whose password is only hashed anew', async () => {
    const { id } = await addUser()
    expect(await heard("UPDATE users SET password_hash = 'anew', updated_at = now() WHERE id = $1", [id])).toEqual([])
  })

  test('of a user who is deleted, and of each session that goes along', async () => {
    const session = await addSession()
    const payloads = await heard('DELETE FROM users WHERE id = $1', [session.user_id])
    expect(payloads.sort()).toEqual([`session:${String(session.id)}`, `user:${String(session.user_id)}`])
  })

  test.each([
    [
      'added',
      "INSERT INTO signing_keys (kid, public_jwk, private_key_sealed, signs_from) VALUES ($1 || 'b', '{}', '', now())",
    ],
    ['changed', "UPDATE signing_keys SET verifies_until = now() + interval '1 day' WHERE kid = $1"],
    ['deleted', 'DELETE FROM signing_keys WHERE kid = $1'],
  ])('once of signing keys, where one is %s', async (_case, change) => {
    const { kid } = await addKey()
    expect(await heard(change, [kid])).toEqual(['keys'])
  })

  test('nothing of what is rolled back', async () => {
    const { id } = await addSession()
    await client.query('BEGIN')
    await client.query('UPDATE sessions SET revoked_at = now() WHERE id = $1', [id])
    expect(await heard('ROLLBACK', [])).toEqual([])
  })
})
