import { parseArgs } from 'node:util'
import { v7 as uuidv7 } from 'uuid'
import { EXIT } from './failure'
import { type ChangeTools, withChange } from './changes'
import { WEBHOOK_URL_ADVICE } from '../config/rules'
import { type Secrets, deriveSecrets } from '../crypto/secrets'
import { developmentSecret } from '../development'
import { later } from '../lib/clock'
import { parseDuration } from '../lib/duration'
import { isUuid } from '../lib/uuid'
import { webhookUrlMistake } from '../lib/webhookUrl'
import { CONFIGURED_ENDPOINT_ID } from '../services/configuredWebhook'
import { createWebhookEndpoint } from '../services/createWebhookEndpoint'
import { deleteWebhookEndpoint } from '../services/deleteWebhookEndpoint'
import { replayDeliveries } from '../services/replayDeliveries'
import { rotateWebhookSecret } from '../services/rotateWebhookSecret'
import { updateWebhookEndpoint } from '../services/updateWebhookEndpoint'
import { listDeliveries } from '../store/webhookDeliveries'
import { findEndpoint, listEndpoints } from '../store/webhookEndpoints'
import { sendEvent } from '../webhooks/webhookDelivery'

interface Tools {
  deps: ChangeTools['deps'] & { secrets: Secrets }
  actor: ChangeTools['actor']
}

interface Options {
  events?: string
  include?: string
  since?: string
}

/** Deliveries that are listed. */
const LISTED = 50
const USES = ['SECRET', 'SECRET_PREVIOUS', 'WEBHOOK_PRIVATE_HOSTS'] as const

/** Each action with the options that it takes. */
const ACTIONS: Record<string, { options: (keyof Options)[]; run: typeof add }> = {
  add: { options: ['events', 'include'], run: add },
  remove: { options: [], run: remove },
  enable: { options: [], run: (tools, id) => enable(tools, id, true) },
  disable: { options: [], run: (tools, id) => enable(tools, id, false) },
  rotate: { options: [], run: rotate },
  test: { options: [], run: test },
  deliveries: { options: [], run: deliveries },
  replay: { options: ['since'], run: replay },
}

/** Manages the endpoints of webhooks. Resolves to the exit code, or to null for words that it does not know. */
export function webhooks(words: string[]): Promise<number> | null {
  const parsed = readWords(words)
  if (!parsed) return null
  const { action = '', subject, options } = parsed
  if (action === 'list' && subject === undefined) return withTools(list)
  const known = ACTIONS[action]
  if (
    !known ||
    subject === undefined ||
    !Object.keys(options).every((name) => known.options.some((one) => one === name))
  )
    return null
  if (action !== 'add' && !isUuid(subject)) return Promise.resolve(complain('That is no id.'))
  return withTools((tools) => known.run(tools, subject, options))
}

function readWords(words: string[]): { action?: string; subject?: string; options: Options } | null {
  const option = { type: 'string' } as const
  try {
    const { positionals, values } = parseArgs({
      ...{ args: words, allowPositionals: true },
      options: { events: option, include: option, since: option },
    })
    const [action, subject, ...others] = positionals
    if (others.length > 0) return null
    return {
      options: { ...values },
      ...(action !== undefined && { action }),
      ...(subject !== undefined && { subject }),
    }
  } catch {
    return null
  }
}

function withTools(work: (tools: Tools) => Promise<number>): Promise<number> {
  return withChange(async ({ deps, actor }) => {
    const { config } = deps
    const secrets = deriveSecrets(config.secret ?? (await developmentSecret(config)), config.secretPrevious)
    return work({ deps: { ...deps, secrets }, actor })
  }, USES)
}

async function list({ deps: { database } }: Tools): Promise<number> {
  for (const endpoint of await listEndpoints(database.prisma)) {
    const state = endpoint.disabledReason === null ? 'enabled' : `disabled: ${endpoint.disabledReason}`
    const failing = endpoint.failingSince ? `, failing since ${endpoint.failingSince.toISOString()}` : ''
    const events = endpoint.events.length === 0 ? 'all events' : endpoint.events.join(',')
    console.log(`${endpoint.id}  ${endpoint.url}  ${events}  ${state}${failing}`)
  }
  return EXIT.ok
}

async function add({ deps, actor }: Tools, url: string, { events, include }: Options): Promise<number> {
  const mistake = webhookUrlMistake(url, deps.config.webhookPrivateHosts)
  if (mistake) return complain(`Accepted: ${WEBHOOK_URL_ADVICE[mistake]}.`)
  const input = { url, events: namesOf(events), include: namesOf(include), description: '' }
  const { endpoint, secret } = await createWebhookEndpoint(deps, actor, input)
  console.log(`${endpoint.id}\n${secret}`)
  return EXIT.ok
}

async function remove({ deps, actor }: Tools, id: string): Promise<number> {
  if (id === CONFIGURED_ENDPOINT_ID) return complain('This endpoint is that of WEBHOOK_URL: remove the variable.')
  return (await deleteWebhookEndpoint(deps, actor, id)) ? done() : unknownId()
}

async function enable({ deps, actor }: Tools, id: string, enabled: boolean): Promise<number> {
  return (await updateWebhookEndpoint(deps, actor, { id, enabled })) ? done() : unknownId()
}

async function rotate({ deps, actor }: Tools, id: string): Promise<number> {
  if (id === CONFIGURED_ENDPOINT_ID) return complain('This endpoint is that of WEBHOOK_URL: change WEBHOOK_SECRET.')
  const secret = await rotateWebhookSecret(deps, actor, id)
  if (secret === null) return unknownId()
  console.log(secret)
  return EXIT.ok
}

/** Sends one event now, and records nothing. */
async function test({ deps }: Tools, id: string): Promise<number> {
  const endpoint = await findEndpoint(deps.database.prisma, id)
  if (!endpoint) return unknownId()
  const event = { endpoint, eventId: uuidv7(), type: 'webhook.test', data: {}, createdAt: deps.clock.now() }
  const { status, error } = await sendEvent(deps, event)
  if (status === null || status < 200 || status > 299) return complain(`Not taken: ${String(status ?? error)}`)
  console.log(`Taken: ${status}`)
  return EXIT.ok
}

async function deliveries({ deps: { database } }: Tools, endpointId: string): Promise<number> {
  for (const delivery of await listDeliveries(database.prisma, { endpointId }, { first: LISTED, after: null })) {
    const { deliveredAt, dueAt, attempts, lastStatus, lastError } = delivery
    const waits = dueAt ? `next attempt ${dueAt.toISOString()}` : 'given up'
    const state = deliveredAt ? `delivered ${deliveredAt.toISOString()}` : waits
    const last = attempts === 0 ? '' : `  ${String(lastStatus ?? lastError)}`
    console.log(
      `${delivery.id}  ${delivery.createdAt.toISOString()}  ${delivery.type}  ${attempts} attempts${last}  ${state}`,
    )
  }
  return EXIT.ok
}

/** One delivery; or, of an endpoint, those that were given up. */
async function replay({ deps, actor }: Tools, id: string, { since }: Options): Promise<number> {
  if (since === undefined) {
    const replayed = await replayDeliveries(deps, actor, { deliveryId: id })
    return replayed > 0 ? done() : complain('No finished delivery has this id.')
  }
  const age = parseDuration(since)
  if (age === null) return complain('Accepted: a duration such as 3d.')
  const replayed = await replayDeliveries(deps, actor, { endpointId: id, since: later(deps.clock.now(), -age) })
  console.log(String(replayed))
  return EXIT.ok
}

function namesOf(text = ''): string[] {
  return text.split(',').filter((name) => name !== '')
}

function done(): number {
  console.log('Done.')
  return EXIT.ok
}

function unknownId(): number {
  return complain('No endpoint has this id.')
}

function complain(words: string): number {
  console.error(words)
  return EXIT.failed
}
