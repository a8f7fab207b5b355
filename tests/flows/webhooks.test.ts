import { z } from 'zod'
import { WEBHOOK_EVENT_NAMES } from '../../src/lib/webhookEventNames'
import { type TestApp, startTestApp } from '../support/app'
import { call } from '../support/client'
import { walkEveryFlow } from '../support/everyFlow'
import { PASSWORD, loggedIn, signedIn, someone, verifiedPerson } from '../support/people'
import { type ReceivedWebhook, WebhookReceiver, answerWith, verifyWebhook } from '../support/receiver'
import { ageReplacements } from '../support/grace'
import { until } from '../support/until'

let receiver: WebhookReceiver
let app: TestApp
beforeAll(async () => {
  receiver = await new WebhookReceiver().start()
  app = await startTestApp({ env: receiver.environment })
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
