import { rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { RETENTION } from '../../src/config/defaults'
import { freePort } from '../../src/lib/freePort'
import { WEBHOOK_EVENT_NAMES } from '../../src/lib/webhookEventNames'
import { purgeExpired } from '../../src/services/purgeExpired'
import { postWebhook } from '../../src/webhooks/postWebhook'
import { type TestApp, codeOf, startTestApp, tokenOf } from '../support/app'
import { type LoggedIn, call } from '../support/client'
import { walkEveryFlow } from '../support/everyFlow'
import { PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { type ReceivedWebhook, WebhookReceiver, answerWith, verifyWebhook } from '../support/receiver'
import { testedCode } from '../support/documents'
import { ageReplacements } from '../support/grace'
import { SoftwarePasskey } from '../support/passkey'
import { CHEAP, TestProcess, runGatehouse } from '../support/process'
import { dumpTables } from '../support/tables'
import { secured } from '../support/totp'
import { until } from '../support/until'

let receiver: WebhookReceiver
let app: TestApp
beforeAll(async () => {
  receiver = await new WebhookReceiver().start()
  app = await startTestApp({ env: { ...receiver.environment, LOGIN_CODE: 'on', SIGN_UP_BY_CODE: 'on' } })
})
afterEach(() => {
  receiver.answer = answerWith(204)
})
afterAll(async () => {
  await app.close()
  await receiver.stop()
})

const pool = () => app.app.deps.database.pool
const isOf = (type: string, userId: string) => (webhook: ReceivedWebhook) =>
  webhook.event.type === type && webhook.event.data.userId === userId
const waitFor = (type: string, userId: string) => receiver.waitFor(isOf(type, userId))

async function deliveriesOf(userId: string) {
  const { rows } = await pool().query<Record<string, unknown>>(
    "SELECT * FROM webhook_deliveries WHERE data->>'userId' = $1 ORDER BY created_at, id",
    [userId],
  )
  return rows
}

describe('the walk through every flow', () => {
  test('tells each event once, signed, with the data of its published schema and no address', async () => {
    const [email, newEmail] = [someone(), someone()]
    const passwords = {
      registered: PASSWORD,
      reset: 'copper lantern nine rivers',
      changed: 'seven violet tractor moons',
      wrong: 'wrong wrong wrong',
    }
    await walkEveryFlow({ ...app, outlastGrace: () => ageReplacements(pool(), 11_000) }, { email, newEmail, passwords })
    const deleted = await receiver.waitFor(({ event }) => event.type === 'user.deleted')
    const { userId } = deleted.event.data
    const queued = await deliveriesOf(String(userId))
    await receiver.waitForCount(queued.length, ({ event }) => event.data.userId === userId)

    const told = receiver.webhooks.filter(({ event }) => event.data.userId === userId)
    expect(new Set(told.map(({ event }) => event.type))).toEqual(
      new Set([
        ...['user.registered', 'user.updated', 'user.email_changed', 'user.password_changed', 'user.deleted'],
        ...['session.created', 'session.ended', 'security.refresh_token_reused'],
      ]),
    )
    expect(new Set(told.map(({ id }) => id)).size).toBe(told.length)
    const response = await fetch(`${app.url}/.well-known/webhook-events.json`)
    const { events } = (await response.json()) as { events: Record<string, z.core.JSONSchema.JSONSchema> }
    expect(Object.keys(events).sort()).toEqual([...WEBHOOK_EVENT_NAMES].sort())
    // A receiver that validates takes the events of a later release, which may have more properties.
    expect(JSON.stringify(events)).not.toContain('additionalProperties')
    for (const webhook of told) {
      expect(verifyWebhook(webhook)).toEqual(webhook.event)
      z.fromJSONSchema(events[webhook.event.type] ?? false).parse(webhook.event)
      expect(webhook.body).not.toContain('@')
    }
  })
})

test('one login tells of one session, with the ids that the client has, to the second of its commit', async () => {
  const person = await signedIn(app)
  const { event, headers } = await waitFor('session.created', person.user.id)
  expect(event.data).toEqual({ userId: person.user.id, sessionId: person.session.id })
  expect(headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'Gatehouse-Webhooks/1' })
  expect(Math.abs(Date.parse(event.timestamp) - app.clock.now().getTime())).toBeLessThan(60_000)
  await call(app.url, 'logout', undefined, { token: person.tokens.accessToken })
  const ended = await waitFor('session.ended', person.user.id)
  expect(ended.event.data).toMatchObject({ scope: 'ONE', sessionId: person.session.id, reason: 'LOGOUT' })
})

test('authenticator apps and passkeys are told when they are added and removed', async () => {
  const { user, tokens, factorId, authenticator } = await secured(app)
  const added = await waitFor('second_factor.added', user.id)
  expect(added.event.data).toEqual({ userId: user.id, kind: 'TOTP' })
  const token = tokens.accessToken
  const started = await call(app.url, 'startPasskeyRegistration', undefined, { token })
  const { challenge, options } = started.data as { challenge: string; options: Record<string, unknown> }
  const response = new SoftwarePasskey(app.config.publicUrl).create(options)
  const registered = await call(app.url, 'registerPasskey', { challenge, response, name: 'Laptop' }, { token })
  const { id: passkeyId } = (registered.data as { passkey: { id: string } }).passkey
  expect((await waitFor('passkey.added', user.id)).event.data).toEqual({ userId: user.id, passkeyId })
  await call(app.url, 'stepUp', { totp: authenticator.nextCode() }, { token })
  await call(app.url, 'removePasskey', { passkeyId }, { token })
  expect((await waitFor('passkey.removed', user.id)).event.data).toEqual({ userId: user.id, passkeyId })
  await call(app.url, 'removeSecondFactor', { factorId }, { token })
  await waitFor('second_factor.removed', user.id)
})

test('whoever proves an address for the first time by a mailed code or a reset is registered, once', async () => {
  const email = someone()
  const { data } = await call(app.url, 'requestLoginCode', { email })
  const code = codeOf(await app.mail(email, /sign-in code/))
  const { user } = (await call(app.url, 'loginWithCode', { challenge: data.challenge, code }))
    .data as unknown as LoggedIn
  await waitFor('session.created', user.id)

  const other = someone()
  await call(app.url, 'register', { email: other, password: PASSWORD })
  for (const password of ['copper lantern nine rivers', 'seven violet tractor moons']) {
    await call(app.url, 'requestReset', { email: other })
    const mails = () =>
      app.smtp.mails.filter(
        ({ recipients, parsed }) =>
          recipients.includes(other) && /password/i.test(parsed.subject ?? '') && /#token=/.test(parsed.text ?? ''),
      )
    const seen = password.startsWith('copper') ? 1 : 2
    const mail = await until(() => (mails().length >= seen ? mails().at(-1) : null))
    const reset = await call(app.url, 'confirmReset', { token: tokenOf(mail), password })
    expect(reset.code).toBe('SUCCESS')
  }
  const again = await loggedIn(app, other, 'seven violet tractor moons')
  await waitFor('session.created', again.user.id)
  for (const { id } of [user, again.user]) {
    expect((await deliveriesOf(id)).filter(({ type }) => type === 'user.registered')).toHaveLength(1)
  }
})

test('roles that an operator sets are told, and the sessions that end with them', async () => {
  const { user, email } = await signedIn(app)
  expect(await gatehouse('roles', 'set', email, 'editor')).toMatchObject({ code: 0 })
  await waitFor('roles.changed', user.id)
  expect((await deliveriesOf(user.id)).map(({ type }) => type)).not.toContain('session.ended')
  expect(await gatehouse('roles', 'set', email, 'editor', '--end-sessions')).toMatchObject({ code: 0 })
  const ended = await waitFor('session.ended', user.id)
  expect(ended.event.data).toMatchObject({ scope: 'ALL', reason: 'REVOKED' })
})

test('a change that fails when it commits tells nothing', async () => {
  const { user, tokens } = await signedIn(app)
  await pool().query(`
    CREATE FUNCTION refuse_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
    CREATE CONSTRAINT TRIGGER refuse_commit AFTER UPDATE ON users DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION refuse_commit()`)
  const token = tokens.accessToken
  const refused = await call(app.url, 'updateProfile', { displayName: 'Ada' }, { token })
  await pool().query('DROP FUNCTION refuse_commit CASCADE')
  expect(refused.code).toBe('INTERNAL_SERVER_ERROR')
  expect((await deliveriesOf(user.id)).map(({ type }) => type)).not.toContain('user.updated')
  await call(app.url, 'updateProfile', { displayName: 'Ada' }, { token })
  await waitFor('user.updated', user.id)
})

test('while the receiver is down, requests are answered; once it is back, everything arrives under the ids of the attempts before', async () => {
  receiver.answer = answerWith(503)
  const email = await verifiedPerson(app)
  const { user } = await loggedIn(app, email)
  const first = await waitFor('session.created', user.id)
  const failed = await until(async () =>
    (await deliveriesOf(user.id)).find((row) => row.type === 'session.created' && row.attempts === 1),
  )
  expect(failed).toMatchObject({ last_status: 503, delivered_at: null, lease_owner: null })
  receiver.answer = answerWith(204)
  app.clock.pass(2_000)
  await pool().query('UPDATE webhook_deliveries SET due_at = now() WHERE due_at IS NOT NULL')
  const both = await receiver.waitForCount(2, isOf('session.created', user.id))
  expect(new Set(both.map(({ id }) => id))).toEqual(new Set([first.id]))
  expect(new Set(both.map(({ body }) => body)).size).toBe(1)
  expect(new Set(both.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(2)
  for (const webhook of both) verifyWebhook(webhook)
  const row = await until(async () =>
    (await deliveriesOf(user.id)).find((one) => one.type === 'session.created' && one.delivered_at !== null),
  )
  expect(row).toMatchObject({ attempts: 2, last_status: 204, last_error: null, due_at: null })
})

const webhooks = (...args: string[]) => gatehouse('webhooks', ...args)

/** Runs a command against the server's database. */
async function gatehouse(...args: string[]): Promise<{ code: number | null; lines: string[] }> {
  const env = { DATABASE_URL: app.databaseUrl, SECRET: CHEAP.SECRET }
  const command = runGatehouse(args, env)
  const { code } = await command.ended()
  return { code, lines: command.output.trim().split('\n') }
}

/** An endpoint with a receiver of its own. */
async function endpoint(...options: string[]) {
  const own = await new WebhookReceiver().start()
  const { code, lines } = await webhooks('add', own.url, ...options)
  const [id = '', secret = ''] = lines
  expect(code).toBe(0)
  const deliveries = async () => {
    const { rows } = await pool().query<Record<string, unknown> & { id: string; due_at: Date | null }>(
      'SELECT * FROM webhook_deliveries WHERE endpoint_id = $1 ORDER BY created_at, id',
      [id],
    )
    return rows
  }
  const row = async () =>
    (await pool().query('SELECT * FROM webhook_endpoints WHERE id = $1', [id])).rows[0] as Record<string, unknown>
  const remove = async () => {
    await webhooks('remove', id)
    await own.stop()
  }
  return { receiver: own, id, secret, deliveries, row, remove }
}

const HOUR = 3_600_000
const makeDue = () => pool().query('UPDATE webhook_deliveries SET due_at = now() WHERE due_at IS NOT NULL')

test('an endpoint gets the events that it asked for, with the address if it includes that, and is tested by command', async () => {
  const own = await endpoint('--events', 'session.created', '--include', 'email')
  expect(await webhooks('test', own.id)).toEqual({ code: 0, lines: ['Taken: 204'] })
  const { user, email } = await signedIn(app)
  const created = await own.receiver.waitFor(isOf('session.created', user.id))
  expect(created.event.data).toMatchObject({ userId: user.id, email })
  expect(verifyWebhook(created, own.secret)).toEqual(created.event)
  expect(() => verifyWebhook(created)).toThrow('No matching signature found')
  await call(
    app.url,
    'updateProfile',
    { displayName: 'Ada' },
    { token: (await loggedIn(app, email)).tokens.accessToken },
  )
  await waitFor('user.updated', user.id)
  expect((await own.deliveries()).map(({ type }) => type)).toEqual(['session.created', 'session.created'])
  expect((await webhooks('list')).lines.join()).toContain(`${own.id}  ${own.receiver.url}  session.created  enabled`)

  const dump = await dumpTables(pool())
  const bytes = Buffer.from(own.secret.slice('whsec_'.length), 'base64')
  expect(dump).not.toContain(own.secret.slice('whsec_'.length))
  expect(dump).not.toContain(bytes.toString('hex'))
  expect(
    dump
      .split('\n')
      .filter((line) => line.startsWith('public.webhook_deliveries'))
      .join(),
  ).not.toContain('@')
  await own.remove()
})

test('after a rotation both secrets verify, and a day later the new one alone', async () => {
  const own = await endpoint('--events', 'session.created')
  const { lines } = await webhooks('rotate', own.id)
  const { user } = await signedIn(app)
  const both = await own.receiver.waitFor(isOf('session.created', user.id))
  expect(verifyWebhook(both, own.secret)).toEqual(both.event)
  expect(verifyWebhook(both, lines[0])).toEqual(both.event)
  await pool().query("UPDATE webhook_endpoints SET previous_until = now() - interval '1 second' WHERE id = $1", [
    own.id,
  ])
  const next = await signedIn(app)
  const one = await own.receiver.waitFor(isOf('session.created', next.user.id))
  expect(() => verifyWebhook(one, own.secret)).toThrow('No matching signature found')
  expect(verifyWebhook(one, lines[0])).toEqual(one.event)
  await own.remove()
})

test('410 disables an endpoint, for which nothing is written any more', async () => {
  const own = await endpoint('--events', 'session.created')
  own.receiver.answer = answerWith(410)
  await signedIn(app)
  const row = await until(async () => ((await own.row()).disabled_at === null ? null : own.row()))
  expect(row.disabled_reason).toBe('GONE')
  expect(app.log).toContainEqual(expect.objectContaining({ event: 'webhook_endpoint_disabled', endpointId: own.id }))
  await signedIn(app)
  expect(await own.deliveries()).toHaveLength(1)
  await own.remove()
})

test('five days of failures disable an endpoint, for which events are kept: enabled again, it gets them', async () => {
  const own = await endpoint('--events', 'session.created')
  own.receiver.answer = answerWith(500)
  const first = await signedIn(app)
  await until(async () => (await own.row()).failing_since !== null)
  await pool().query("UPDATE webhook_endpoints SET failing_since = now() - interval '5 days' WHERE id = $1", [own.id])
  await makeDue()
  await until(async () => (await own.row()).disabled_reason === 'FAILING')
  const second = await signedIn(app)
  await makeDue()
  own.receiver.answer = answerWith(204)
  const before = own.receiver.webhooks.length
  expect(await webhooks('enable', own.id)).toMatchObject({ code: 0 })
  const after = () => own.receiver.webhooks.slice(before).map(({ event }) => event.data.userId)
  await until(() => after().includes(first.user.id) && after().includes(second.user.id))
  expect(await own.row()).toMatchObject({ disabled_at: null, failing_since: null })
  await own.remove()
})

test('a redirect is a failure that nobody follows, Retry-After delays the next attempt, and the tenth is the last until a replay', async () => {
  const own = await endpoint('--events', 'session.created')
  own.receiver.answer = answerWith(302, { location: `${receiver.url}/elsewhere`, 'retry-after': '7200' })
  const { user } = await signedIn(app)
  const failed = await until(async () => (await own.deliveries()).find(({ attempts }) => attempts === 1))
  expect(failed).toMatchObject({ last_status: 302, delivered_at: null })
  expect(Math.abs((failed.due_at?.getTime() ?? 0) - Date.now() - 2 * HOUR)).toBeLessThan(60_000)
  await pool().query('UPDATE webhook_deliveries SET attempts = 9, due_at = now() WHERE id = $1', [failed.id])
  const [given] = await until(async () => ((await own.deliveries())[0]?.due_at === null ? own.deliveries() : null))
  expect(given).toMatchObject({ attempts: 10, delivered_at: null })
  expect((await webhooks('deliveries', own.id)).lines[0]).toMatch(/session\.created {2}10 attempts {2}302 {2}given up$/)

  own.receiver.answer = answerWith(204)
  expect(await webhooks('replay', own.id, '--since', '1h')).toEqual({ code: 0, lines: ['1'] })
  await until(async () => (await own.deliveries())[0]?.delivered_at !== null)
  expect(await webhooks('replay', failed.id)).toMatchObject({ code: 0 })
  const all = await own.receiver.waitForCount(4, isOf('session.created', user.id))
  expect(new Set(all.map(({ id }) => id)).size).toBe(1)
  await own.remove()
})

test('a receiver that does not answer occupies two places, and delays no other endpoint', async () => {
  const own = await endpoint('--events', 'session.created')
  const held: (() => void)[] = []
  own.receiver.answer = (_webhook, response) => held.push(() => response.writeHead(204).end())
  const people = []
  for (let count = 0; count < 4; count += 1) people.push(await signedIn(app))
  for (const { user } of people) await waitFor('session.created', user.id)
  await own.receiver.waitForCount(2)
  const { rows } = await pool().query(
    'SELECT 1 FROM webhook_deliveries WHERE endpoint_id = $1 AND leased_until > now()',
    [own.id],
  )
  expect([rows.length, own.receiver.webhooks.length]).toEqual([2, 2])
  own.receiver.answer = answerWith(204)
  for (const end of held) end()
  await until(async () => (await own.deliveries()).every(({ delivered_at }) => delivered_at !== null))
  expect(await own.deliveries()).toHaveLength(4)
  await own.remove()
})

describe('where webhooks may go', () => {
  test('a private address is refused at creation', async () => {
    const { code, lines } = await webhooks('add', 'http://[::ffff:10.0.0.1]/')
    expect({ code, lines }).toEqual({
      code: 1,
      lines: ['Accepted: a host with a public address, or its host in WEBHOOK_PRIVATE_HOSTS.'],
    })
  })

  test('a name with a private address is refused when it is resolved', async () => {
    const url = `https://${hostname().toLowerCase()}:${receiver.port}/hook`
    const answer = await postWebhook({ url, headers: {}, body: '{}', privateHosts: [] })
    expect(answer).toMatchObject({ status: null, error: 'PRIVATE_ADDRESS' })
  })
})

test('the receiver of docs/webhooks.md verifies and takes an event once', async () => {
  const root = join(__dirname, '../..')
  const file = join(root, 'node_modules', `.receiver-${process.pid}.mjs`)
  writeFileSync(file, testedCode('docs/webhooks.md', 'receiver'))
  const port = await freePort('127.0.0.1')
  const added = await webhooks('add', `http://127.0.0.1:${port}/`, '--events', 'session.created')
  const [id = '', secret = ''] = added.lines
  const env = { PORT: String(port), WEBHOOK_SECRET: secret }
  const started = new TestProcess({ command: process.execPath, args: [file], env })
  const { user } = await until(async () => ((await webhooks('test', id)).code === 0 ? signedIn(app) : null))
  const line = () => started.output.split('\n').filter((one) => one.includes(user.id))
  await until(() => line().length === 1)
  const forged = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body: '{}' })
  expect(forged.status).toBe(400)
  const { rows } = await pool().query<{ id: string }>('SELECT id FROM webhook_deliveries WHERE endpoint_id = $1', [id])
  await until(async () => (await webhooks('replay', rows[0]?.id ?? '')).code === 0)
  await until(async () => {
    const { rows: again } = await pool().query(
      'SELECT 1 FROM webhook_deliveries WHERE endpoint_id = $1 AND due_at IS NULL',
      [id],
    )
    return again.length === 1
  })
  expect(line()).toHaveLength(1)
  await started.stop('SIGKILL')
  rmSync(file)
  await webhooks('remove', id)
})

test('deliveries go after thirty days', async () => {
  const count = async () =>
    Number((await pool().query<{ count: string }>('SELECT count(*) FROM webhook_deliveries')).rows[0]?.count)
  await pool().query("UPDATE webhook_deliveries SET created_at = now() - $1 * interval '1 ms'", [
    RETENTION.webhookDeliveries - HOUR,
  ])
  const before = await count()
  await purgeExpired(app.app.deps)
  expect(await count()).toBe(before)
  app.clock.pass(2 * HOUR)
  await purgeExpired(app.app.deps)
  expect([before > 0, await count()]).toEqual([true, 0])
})
