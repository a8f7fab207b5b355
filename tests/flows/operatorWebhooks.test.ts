import { randomUUID } from 'node:crypto'
import { WEBHOOK } from '../../src/config/webhookDefaults'
import { CONFIGURED_ENDPOINT_ID } from '../../src/services/configuredWebhook'
import { type TestApp, startTestApp } from '../support/app'
import { type OperatorAnswer, change, operate, personWithRoles } from '../support/operators'
import { signedIn } from '../support/people'
import { WebhookReceiver, answerWith, verifyWebhook } from '../support/receiver'
import { until } from '../support/until'

let configured: WebhookReceiver
let receiver: WebhookReceiver
let app: TestApp
let operator: { id: string; email: string; token: string }

beforeAll(async () => {
  configured = await new WebhookReceiver().start()
  receiver = await new WebhookReceiver().start()
  app = await startTestApp({ env: { ...configured.environment, OPERATOR_API: 'on', RATE_LIMITS: 'on' } })
  operator = await personWithRoles(app, { roles: ['operator'], aal: 2 })
})
afterEach(() => {
  receiver.answer = answerWith(204)
})
afterAll(async () => {
  await app.close()
  await configured.stop()
  await receiver.stop()
})

const ENDPOINT = 'id url events include description configured enabled disabledReason failingSince'
const DELIVERY = 'id endpointId eventId type state attempts lastStatus lastError deliveredAt nextAttemptAt'

function asOperator(name: string, input: unknown, selection: string): Promise<OperatorAnswer> {
  return change(app, name, { token: operator.token, input, selection })
}

async function created(input: object): Promise<{ id: string; secret: string; endpoint: Record<string, unknown> }> {
  const { code, result } = await asOperator('createWebhookEndpoint', input, `secret endpoint { ${ENDPOINT} }`)
  expect(code).toBe('SUCCESS')
  const endpoint = result.endpoint as { id: string }
  return { id: endpoint.id, secret: String(result.secret), endpoint }
}

async function query(document: string, variables: Record<string, unknown> = {}): Promise<unknown> {
  const { code, result } = await operate(app.url, document, { token: operator.token, variables })
  expect(code).toBe('SUCCESS')
  return result
}

async function deliveries(filter: object): Promise<Record<string, unknown>[]> {
  const document = `query ($filter: DeliveryFilter) { result: webhookDeliveries(filter: $filter) { edges { node { ${DELIVERY} } } } }`
  const { edges } = (await query(document, { filter })) as { edges: { node: Record<string, unknown> }[] }
  return edges.map(({ node }) => node)
}

async function audit(types: string[]): Promise<unknown> {
  const document = `query ($filter: AuditFilter) { result: auditEvents(filter: $filter, first: 1) {
    edges { node { type actorKind actorId details } } } }`
  const { edges } = (await query(document, { filter: { types } })) as { edges: { node: unknown }[] }
  return edges[0]?.node
}

test('an endpoint that an operator makes gets the events that it names, and shows its secret once', async () => {
  const input = { url: receiver.url, events: ['session.created'], include: ['email'], description: 'CRM' }
  const { id, secret, endpoint } = await created(input)
  expect(endpoint).toEqual({
    ...{ id, ...input, configured: false, enabled: true, disabledReason: null, failingSince: null },
  })
  expect(await audit(['webhook_endpoint_created'])).toMatchObject({
    ...{ actorKind: 'operator', actorId: operator.id, details: { endpointId: id } },
  })
  const { user, email } = await signedIn(app)
  const told = await receiver.waitFor(({ event }) => event.data.userId === user.id)
  expect(verifyWebhook(told, secret)).toMatchObject({ type: 'session.created', data: { email } })
  const listed = (await query(`{ result: webhookEndpoints { ${ENDPOINT} } }`)) as Record<string, unknown>[]
  expect(listed).toMatchObject([{ id: CONFIGURED_ENDPOINT_ID, configured: true }, endpoint])
  expect(JSON.stringify(listed)).not.toContain(secret)

  const deleted = await asOperator('deleteWebhookEndpoint', { endpointId: id }, 'endpointId')
  expect(deleted.result).toEqual({ endpointId: id })
  expect(await deliveries({ endpointId: id })).toEqual([])
  expect((await asOperator('deleteWebhookEndpoint', { endpointId: id }, 'endpointId')).code).toBe('NOT_FOUND')
  expect(await audit(['webhook_endpoint_deleted'])).toMatchObject({ details: { endpointId: id } })
})

test.each([
  ['url', { url: 'ftp://app.example.com' }, 'INVALID_FORMAT'],
  ['events', { events: ['user.registred'] }, 'UNSUPPORTED'],
  ['include', { include: ['password'] }, 'UNSUPPORTED'],
  ['description', { description: 'x'.repeat(201) }, 'TOO_LONG'],
])('a wrong %s is refused when an endpoint is made, and when it is changed', async (field, wrong, code) => {
  const { id } = await created({ url: receiver.url })
  const right = { url: receiver.url }
  const refusal = { fields: [{ field, code }] }
  expect((await asOperator('createWebhookEndpoint', { ...right, ...wrong }, 'secret')).result).toMatchObject(refusal)
  const update = { endpointId: id, ...wrong }
  expect((await asOperator('updateWebhookEndpoint', update, 'endpoint { id }')).result).toMatchObject(refusal)
  await asOperator('deleteWebhookEndpoint', { endpointId: id }, 'endpointId')
})

test('fifty operators at once make no endpoint more than there may be', async () => {
  const pool = app.app.deps.database.pool
  await pool.query(
    `INSERT INTO webhook_endpoints (id, url, events, include, description, secret_sealed, created_at, disabled_at, disabled_reason)
     SELECT gen_random_uuid(), 'https://example.com', '{}', '{}', 'filler', '', now(), now(), 'OPERATOR'
     FROM generate_series(1, $1 - (SELECT count(*)::int FROM webhook_endpoints)) n`,
    [WEBHOOK.maxEndpoints - 1],
  )
  const input = { url: receiver.url, description: 'filler' }
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => asOperator('createWebhookEndpoint', input, 'secret')),
  )
  expect(answers.filter(({ result }) => 'secret' in result)).toHaveLength(1)
  expect(answers.filter(({ code }) => code === 'INVALID_INPUT')).toHaveLength(49)
  await pool.query(`DELETE FROM webhook_endpoints WHERE description = 'filler'`)
})

test('the endpoint of WEBHOOK_URL is not enabled once the variable is gone', async () => {
  const pool = app.app.deps.database.pool
  const set = (reason: string | null) =>
    pool.query('UPDATE webhook_endpoints SET disabled_reason = $2, disabled_at = $3 WHERE id = $1', [
      ...[CONFIGURED_ENDPOINT_ID, reason, reason === null ? null : app.clock.now()],
    ])
  await set('NOT_CONFIGURED')
  const input = { endpointId: CONFIGURED_ENDPOINT_ID, enabled: true }
  expect((await asOperator('updateWebhookEndpoint', input, 'endpoint { id }')).result).toMatchObject({
    fields: [{ field: 'enabled', code: 'UNSUPPORTED' }],
  })
  await set('OPERATOR')
  expect((await asOperator('updateWebhookEndpoint', input, 'endpoint { id }')).code).toBe('SUCCESS')
  await set(null)
})

test('a change keeps what it does not name, and a disabled endpoint gets nothing until it is enabled', async () => {
  const { id } = await created({ url: receiver.url, events: ['session.created'], description: 'CRM' })
  const update = (input: object) =>
    asOperator('updateWebhookEndpoint', { endpointId: id, ...input }, `endpoint { ${ENDPOINT} }`)
  const kept = { url: receiver.url, description: 'CRM' }
  expect((await update({ events: ['user.updated', 'session.created'] })).result).toMatchObject({
    endpoint: { ...kept, events: ['user.updated', 'session.created'], enabled: true },
  })
  expect((await update({ enabled: false })).result).toMatchObject({
    endpoint: { ...kept, enabled: false, disabledReason: 'OPERATOR' },
  })
  expect(await audit(['webhook_endpoint_changed'])).toMatchObject({ details: { endpointId: id, changed: 'disabled' } })
  await signedIn(app)
  expect(await deliveries({ endpointId: id })).toEqual([])
  expect((await asOperator('sendTestEvent', { endpointId: id }, 'deliveryId')).result).toMatchObject({
    fields: [{ field: 'endpointId', code: 'UNSUPPORTED' }],
  })
  expect((await update({ enabled: true })).result).toMatchObject({ endpoint: { enabled: true, disabledReason: null } })
  const { user } = await signedIn(app)
  await receiver.waitFor(({ event }) => event.data.userId === user.id)
  expect((await asOperator('updateWebhookEndpoint', { endpointId: randomUUID() }, 'endpoint { id }')).code).toBe(
    'NOT_FOUND',
  )
  await asOperator('deleteWebhookEndpoint', { endpointId: id }, 'endpointId')
})

test('a rotated secret signs beside the earlier one', async () => {
  const { id, secret } = await created({ url: receiver.url, events: ['session.created'] })
  const { result } = await asOperator('rotateWebhookSecret', { endpointId: id }, 'endpointId secret')
  const { user } = await signedIn(app)
  const told = await receiver.waitFor(({ event }) => event.data.userId === user.id)
  expect(verifyWebhook(told, secret)).toEqual(told.event)
  expect(verifyWebhook(told, String(result.secret))).toEqual(told.event)
  expect(await audit(['webhook_secret_rotated'])).toMatchObject({ details: { endpointId: id } })
  await asOperator('deleteWebhookEndpoint', { endpointId: id }, 'endpointId')
})

test('a test event goes to one endpoint whatever events it wants, ten times a minute', async () => {
  const { id } = await created({ url: receiver.url, events: ['session.created'] })
  const answers = await Promise.all(
    Array.from({ length: 11 }, () => asOperator('sendTestEvent', { endpointId: id }, 'deliveryId')),
  )
  expect(answers.filter(({ code }) => code === 'SUCCESS')).toHaveLength(10)
  expect(answers.filter(({ code }) => code === 'RATE_LIMITED')).toHaveLength(1)
  const sent = await until(async () => {
    const delivered = await deliveries({ endpointId: id, state: 'DELIVERED' })
    return delivered.length === 10 ? delivered : null
  })
  expect(sent[0]).toMatchObject({
    type: 'webhook.test',
    state: 'DELIVERED',
    attempts: 1,
    lastStatus: 204,
    nextAttemptAt: null,
  })
  expect(receiver.webhooks.filter(({ event }) => event.type === 'webhook.test')).toHaveLength(10)
  expect(configured.webhooks.filter(({ event }) => event.type === 'webhook.test')).toEqual([])
  await asOperator('deleteWebhookEndpoint', { endpointId: id }, 'endpointId')
})

test('deliveries are found by endpoint, type and state, in pages that do not overlap, and are replayed', async () => {
  const { id } = await created({ url: receiver.url, events: ['session.created', 'session.ended'] })
  receiver.answer = answerWith(500)
  const { user } = await signedIn(app)
  await signedIn(app)
  const { pool } = app.app.deps.database
  await until(async () => (await deliveries({ endpointId: id })).every(({ attempts }) => attempts === 1))
  await pool.query('UPDATE webhook_deliveries SET attempts = 9, due_at = now() WHERE endpoint_id = $1', [id])
  await until(async () => (await deliveries({ endpointId: id, state: 'GIVEN_UP' })).length === 2)
  expect(await deliveries({ endpointId: id, state: 'WAITING' })).toEqual([])
  expect(await deliveries({ endpointId: id, type: 'session.ended' })).toEqual([])
  expect(await deliveries({ endpointId: 'no id' })).toEqual([])

  const page = async (after: string | null) => {
    const document = `query ($after: String, $filter: DeliveryFilter) { result: webhookDeliveries(filter: $filter, first: 1, after: $after) {
      edges { node { id } } pageInfo { hasNextPage endCursor } } }`
    return (await query(document, { after, filter: { endpointId: id } })) as {
      edges: { node: { id: string } }[]
      pageInfo: { hasNextPage: boolean; endCursor: string }
    }
  }
  const first = await page(null)
  const second = await page(first.pageInfo.endCursor)
  expect([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([true, false])
  const ids = [...first.edges, ...second.edges].map(({ node }) => node.id)
  expect(new Set(ids).size).toBe(2)

  receiver.answer = answerWith(204)
  const since = new Date(app.clock.now().getTime() - 60_000)
  const replay = (input: object) => asOperator('replayDeliveries', input, 'replayed')
  expect((await replay({ endpointId: id, since })).result).toEqual({ replayed: 2 })
  await until(async () => (await deliveries({ endpointId: id, state: 'DELIVERED' })).length === 2)
  expect((await replay({ endpointId: id, since })).result).toEqual({ replayed: 0 })
  await app.app.deps.database.pool.query(
    `INSERT INTO webhook_deliveries (id, endpoint_id, event_id, type, data, created_at, delivered_at, due_at)
     SELECT gen_random_uuid(), $1, gen_random_uuid(), 'user.updated', '{}', $2::timestamptz + n * interval '1 ms', NULL, NULL
     FROM generate_series(1, $3) n`,
    [id, since, WEBHOOK.replayedAtOnce + 7],
  )
  await app.app.deps.database.pool.query(
    'UPDATE webhook_endpoints SET disabled_at = now(), disabled_reason = $2 WHERE id = $1',
    [...[id, 'FAILING']],
  )
  expect((await replay({ endpointId: id, since })).result).toEqual({ replayed: WEBHOOK.replayedAtOnce + 7 })
  await app.app.deps.database.pool.query(
    `DELETE FROM webhook_deliveries WHERE endpoint_id = $1 AND type = 'user.updated'`,
    [id],
  )
  await asOperator('updateWebhookEndpoint', { endpointId: id, enabled: true }, 'endpoint { id }')
  expect((await replay({ deliveryId: ids[0] })).result).toEqual({ replayed: 1 })
  expect(await audit(['webhooks_replayed'])).toMatchObject({ details: { deliveryId: ids[0], deliveries: 1 } })
  const told = await receiver.waitForCount(3, ({ event }) => event.data.userId === user.id)
  expect(new Set(told.map((webhook) => webhook.id)).size).toBe(1)
  await asOperator('deleteWebhookEndpoint', { endpointId: id }, 'endpointId')
})

test.each([
  ['nothing', {}, 'endpointId'],
  ['an endpoint without a time', { endpointId: randomUUID() }, 'since'],
  ['a delivery and an endpoint', { deliveryId: randomUUID(), endpointId: randomUUID() }, 'deliveryId'],
])('a replay of %s is refused', async (_what, input, field) => {
  expect((await asOperator('replayDeliveries', input, 'replayed')).result).toMatchObject({ fields: [{ field }] })
})

test('a replay of a delivery that does not exist finds nothing', async () => {
  expect((await asOperator('replayDeliveries', { deliveryId: randomUUID() }, 'replayed')).code).toBe('NOT_FOUND')
})

test('what WEBHOOK_URL says is changed by the environment only; the endpoint can be disabled', async () => {
  const endpointId = CONFIGURED_ENDPOINT_ID
  const refused = [
    await asOperator('updateWebhookEndpoint', { endpointId, url: receiver.url }, 'endpoint { id }'),
    await asOperator('rotateWebhookSecret', { endpointId }, 'secret'),
    await asOperator('deleteWebhookEndpoint', { endpointId }, 'endpointId'),
  ]
  expect(refused.map(({ result }) => result.code)).toEqual(Array(3).fill('INVALID_INPUT'))
  for (const enabled of [false, true]) {
    const { result } = await asOperator('updateWebhookEndpoint', { endpointId, enabled }, `endpoint { enabled }`)
    expect(result).toEqual({ endpoint: { enabled } })
  }
})

test('an endpoint that is gone is disabled: the audit says so, and whoever is an operator gets a mail, nobody else', async () => {
  const disabled = await personWithRoles(app, { roles: ['operator'], aal: 1 })
  await app.app.deps.database.pool.query('UPDATE users SET disabled_at = now() WHERE id = $1', [disabled.id])
  const auditor = await personWithRoles(app, { roles: ['auditor'], aal: 1 })
  const { id } = await created({ url: receiver.url, events: ['session.created'] })
  receiver.answer = answerWith(410)
  await signedIn(app)
  const mail = await app.mail(operator.email, /webhook endpoint/i)
  expect(mail.parsed.text).toContain('gatehouse webhooks list')
  expect(await audit(['webhook_endpoint_disabled'])).toMatchObject({
    ...{ actorKind: 'system', details: { endpointId: id, reason: 'GONE' } },
  })
  const { rows } = await app.app.deps.database.pool.query('SELECT 1 FROM mails WHERE recipient = ANY($1)', [
    [disabled.email, auditor.email],
  ])
  expect(rows).toEqual([])
  expect(app.smtp.mails.filter(({ recipients }) => recipients.includes(auditor.email))).toEqual([])
  expect(app.smtp.mails.filter(({ recipients }) => recipients.includes(disabled.email))).toEqual([])
  await asOperator('deleteWebhookEndpoint', { endpointId: id }, 'endpointId')
})
