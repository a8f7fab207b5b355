import { lookup } from 'node:dns'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import { WEBHOOK } from '../config/webhookDefaults'
import { isPublicAddress } from '../lib/ipAddress'
import { webhookUrlMistake } from '../lib/webhookUrl'

/** What a receiver answered, or why it did not. */
export interface WebhookAnswer {
  status: number | null
  /** A code of the system or of this file: null if there is a status. */
  error: string | null
  /** Milliseconds of `Retry-After`; null without. */
  retryAfter: number | null
}

interface WebhookRequest {
  url: string
  headers: Record<string, string>
  body: string
  privateHosts: readonly string[]
}

/**
 * Posts a webhook. Follows no redirect, uses no proxy, and connects to public addresses only, except for `privateHosts`. Once
 * the headers have arrived the status decides, whatever becomes of the body.
 */
export async function postWebhook(request: WebhookRequest): Promise<WebhookAnswer> {
  const mistake = webhookUrlMistake(request.url, request.privateHosts)
  if (mistake) return { status: null, error: mistake, retryAfter: null }
  try {
    const response = await send(request)
    response.on('error', () => undefined)
    drain(response)
    const { statusCode = 0, headers } = response
    return { status: statusCode, error: null, retryAfter: millisecondsOf(headers['retry-after']) }
  } catch (error) {
    return { status: null, error: codeOf(error), retryAfter: null }
  }
}

function send({ url, headers, body, privateHosts }: WebhookRequest): Promise<IncomingMessage> {
  const target = new URL(url)
  const { request } = target.protocol === 'https:' ? https : http
  return new Promise((resolve, reject) => {
    const sent = request(target, {
      method: 'POST',
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      // A connection of its own for each request: the addresses of a name are checked when it connects.
      agent: false,
      signal: AbortSignal.timeout(WEBHOOK.answerTimeout),
      ...(!privateHosts.includes(target.hostname) && { lookup: lookupPublic }),
    })
    sent.on('response', resolve)
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Reads a little of the body, so that the receiver can finish, and no more. */
function drain(response: IncomingMessage): void {
  let read = 0
  response.on('data', (chunk: Buffer) => {
    read += chunk.length
    if (read > WEBHOOK.maxAnswer) response.destroy()
  })
}

/** Refuses a name if one of its addresses is not public. The connection is made to the addresses that were checked. */
const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    const isPrivate = !error && !addresses.every(({ address }) => isPublicAddress(address))
    const refused = isPrivate ? Object.assign(new Error('A private address'), { code: 'PRIVATE_ADDRESS' }) : error
    if (refused) callback(refused, '')
    else if (options.all) callback(null, addresses)
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family)
  })
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function millisecondsOf(retryAfter: string | undefined): number | null {
  if (retryAfter === undefined) return null
  if (/^\d{1,9}$/.test(retryAfter)) return Number(retryAfter) * 1000
  const date = Date.parse(retryAfter)
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now())
}

function codeOf(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown }
  if (name === 'AbortError' || name === 'TimeoutError') return 'TIMEOUT'
  return typeof code === 'string' ? code : 'FAILED'
}
