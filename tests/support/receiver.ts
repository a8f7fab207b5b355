import { once } from 'node:events'
import { type IncomingHttpHeaders, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { Watched } from './smtp'

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

export interface ReceivedWebhook {
  id: string
  headers: IncomingHttpHeaders
  body: string
  event: { type: string; timestamp: string; data: Record<string, unknown> }
}

/** Answers a webhook. */
type Answer = (webhook: ReceivedWebhook, response: ServerResponse) => void

/** A receiver of webhooks, on a port of its own. It takes every webhook until a test says otherwise. */
export class WebhookReceiver extends Watched {
  readonly webhooks: ReceivedWebhook[] = []
  answer: Answer = answerWith(204)
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const event = JSON.parse(body) as ReceivedWebhook['event']
      const webhook = { id: String(request.headers['webhook-id']), headers: request.headers, body, event }
      this.webhooks.push(webhook)
      this.wake()
      this.answer(webhook, response)
    })
  })

  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    return this
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`
  }

  /** The environment of a server that sends to it. */
  get environment() {
    return { WEBHOOK_URL: this.url, WEBHOOK_SECRET }
  }

  /** Resolves to the first webhook that matches. */
  waitFor(matches: (webhook: ReceivedWebhook) => boolean): Promise<ReceivedWebhook> {
    return this.until(() => this.webhooks.find(matches))
  }

  waitForCount(count: number, matches: (webhook: ReceivedWebhook) => boolean = () => true): Promise<ReceivedWebhook[]> {
    return this.until(() => {
      const found = this.webhooks.filter(matches)
      return found.length >= count ? found : undefined
    })
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

export function answerWith(status: number, headers: Record<string, string> = {}): Answer {
  return (_webhook, response) => response.writeHead(status, headers).end()
}

/** Verifies a webhook as a receiver does; throws a WebhookVerificationError. */
export function verifyWebhook({ headers, body }: ReceivedWebhook, secret = WEBHOOK_SECRET): unknown {
  return new Webhook(secret).verify(body, headers as Record<string, string>)
}
