import { once } from 'node:events'
import { type IncomingHttpHeaders, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { Client } from 'pg'
import { tokenOf } from '../support/app'
import { call } from '../support/client'
import { type TestDatabase, createDatabase } from '../support/database'
import { PASSWORD, loggedIn, someone } from '../support/people'
import { type ServerProcess, TestProcess, startServer } from '../support/process'
import { WebhookReceiver } from '../support/receiver'
import { TestSmtpServer, Watched } from '../support/smtp'
import { until } from '../support/until'

interface ExportedSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  attributes: { key: string; value: { stringValue?: string; intValue?: number } }[]
  status: { code?: number }
}

/** A collector of OTLP over HTTP that keeps what it is sent. */
class Collector extends Watched {
  readonly spans: ExportedSpan[] = []
  readonly bodies: string[] = []
  readonly requests: { path: string; headers: IncomingHttpHeaders }[] = []
  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const sent = Buffer.concat(chunks)
      const body = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent).toString()
      this.bodies.push(body)
      this.requests.push({ path: request.url ?? '', headers: request.headers })
      const { resourceSpans } = JSON.parse(body) as {
        resourceSpans: { scopeSpans: { spans: ExportedSpan[] }[] }[]
      }
      this.spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)))
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      this.wake()
    })
  })

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  find(matches: (span: ExportedSpan) => boolean): Promise<ExportedSpan> {
    return this.until(() => this.spans.find(matches))
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

const attribute = (span: ExportedSpan, name: string) => {
  const value = span.attributes.find(({ key }) => key === name)?.value
  return value?.stringValue ?? value?.intValue
}
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c'
const TRACEPARENT = `00-${TRACE_ID}-b7ad6b7169203331-01`

let database: TestDatabase
const smtp = new TestSmtpServer()
const receiver = new WebhookReceiver()
const collector = new Collector()
/** A process of its own: jest cannot run the dynamic imports of the exporter. It exports no trace unless it is told to. */
let server: ServerProcess
const environment = () => ({
  ...receiver.environment,
  DATABASE_URL: database.url,
  SMTP_URL: smtp.url,
  TRUST_PROXY: '127.0.0.1',
  OTEL_TRACES_SAMPLER_ARG: '0',
})
beforeAll(async () => {
  database = await createDatabase()
  await smtp.start()
  await receiver.start()
  server = await startServer({
    ...environment(),
    OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start(),
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20key,x-tenant=one',
    OTEL_SERVICE_NAME: 'sign-in',
  })
})
afterAll(async () => {
  await server.process.stop()
  await collector.stop()
  await receiver.stop()
  await smtp.stop()
  await database.drop()
})

const traced = { traceparent: TRACEPARENT, 'x-forwarded-for': '203.0.113.7' }
const named = (name: string) => collector.spans.find((span) => span.name === name)

test('one trace leads from the request to the operation, its statements and its mail, and to a webhook', async () => {
  const email = someone()
  const answer = await call(server.url, 'register', { email, password: PASSWORD }, { headers: traced })
  const token = tokenOf(await smtp.waitFor(email))
  await call(server.url, 'verifyEmail', { token }, { headers: traced })
  await loggedIn(server, email)
  await collector.find(({ name }) => name === 'webhook user.registered')
  await collector.find(({ name }) => name === 'mail verifyEmail')

  const [request, operation] = [named('POST /graphql'), named('mutation register')]
  const [insert, mail, sent] = [named('INSERT mails'), named('mail verifyEmail'), named('smtp')]
  expect([insert, mail, sent].map((span) => span?.parentSpanId)).toEqual([
    operation?.spanId,
    operation?.spanId,
    mail?.spanId,
  ])
  expect(operation?.parentSpanId).toBe(request?.spanId)
  expect(collector.spans.map(({ name }) => name)).toEqual(expect.arrayContaining(['rate limits', 'password hash']))
  expect(request && attribute(request, 'gatehouse.request_id')).toBe(answer.headers.get('x-request-id'))
  expect(operation && attribute(operation, 'gatehouse.outcome')).toBe('SUCCESS')
  expect(server.process.logLines().filter(({ traceId }) => traceId === TRACE_ID)).not.toEqual([])
  // The login began a trace of its own, which was not chosen.
  expect(new Set(collector.spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE_ID]))
  const exported = collector.bodies.join()
  for (const value of [email, email.split('@')[0], PASSWORD, token, '203.0.113.7', 'VALUES', '$1', '$2b$'])
    expect(exported).not.toContain(value)
})

test('spans are posted to /v1/traces with the configured headers and the name of the service', () => {
  const [first] = collector.requests
  expect(first).toMatchObject({ path: '/v1/traces', headers: { 'api-key': 'a key', 'x-tenant': 'one' } })
  expect(collector.bodies[0]).toContain('sign-in')
})

test('a traceparent that no trusted proxy forwards is not continued', async () => {
  const strange = 'a'.repeat(32)
  const stranger = { traceparent: `00-${strange}-${'b'.repeat(16)}-01` }
  await call(server.url, 'login', { email: someone(), password: PASSWORD }, { headers: stranger })
  await call(server.url, 'login', { email: someone(), password: PASSWORD }, { headers: traced })
  const login = await collector.find(({ name }) => name === 'mutation login')
  expect(attribute(login, 'gatehouse.outcome')).toBe('INVALID_CREDENTIALS')
  expect(collector.spans.filter(({ traceId }) => traceId === strange)).toEqual([])
})

test('a request that fails is exported with all its spans, though its trace was not chosen', async () => {
  const client = new Client({ connectionString: database.url })
  await client.connect()
  await client.query('ALTER TABLE users RENAME TO users_away')
  const answer = await call(server.url, 'login', { email: someone(), password: PASSWORD })
  await client.query('ALTER TABLE users_away RENAME TO users')
  await client.end()
  const id = answer.headers.get('x-request-id')
  const request = await collector.find((span) => attribute(span, 'gatehouse.request_id') === id)
  const failed = await collector.find(
    (span) =>
      span.traceId === request.traceId && attribute(span, 'db.system.name') !== undefined && span.status.code === 2,
  )
  expect(attribute(failed, 'error.type')).toBe('42P01')
  expect(collector.spans.find(({ spanId }) => spanId === failed.parentSpanId)?.name).toBe('mutation login')
})

test('spans that the collector took are counted', async () => {
  const metrics = await (await fetch(`${server.url}/metrics`)).text()
  expect(metrics).toMatch(/gatehouse_trace_spans_total\{outcome="exported"\} [1-9]/)
})

test('a collector that is away delays neither a request nor the shutdown, and its spans are counted as failed', async () => {
  const away = new Collector()
  const endpoint = await away.start()
  await away.stop()
  const other = await startServer({
    ...environment(),
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_TRACES_SAMPLER_ARG: '1',
  })
  const login = () => call(other.url, 'login', { email: someone(), password: PASSWORD })
  await until(async () => {
    expect((await login()).code).toBe('INVALID_CREDENTIALS')
    const metrics = await (await fetch(`${other.url}/metrics`)).text()
    return /gatehouse_trace_spans_total\{outcome="failed"\} [1-9]/.test(metrics)
  })
  await login()
  expect(await other.process.stop()).toEqual({ code: 0, signal: null })
})

/** Prints which packages of OpenTelemetry that export anything are loaded without a collector, and then with one. */
const LOADED = `
  require('./dist/app.js')
  const { startTracing } = require('./dist/ops/startTracing.js')
  const loaded = () => Object.keys(require.cache).some((file) => /@opentelemetry.(?:sdk|exporter|otlp|core)/.test(file))
  const config = { otlpHeaders: null, serviceName: 'gatehouse', traceRatio: 1 }
  void (async () => {
    const metrics = { traceSpans: { inc() {} } }
    await startTracing({ ...config, otlpEndpoint: null }, metrics)
    const before = loaded()
    const stop = await startTracing({ ...config, otlpEndpoint: 'http://127.0.0.1:9' }, metrics)
    await stop()
    console.log(JSON.stringify([before, loaded()]))
  })()`

test('OpenTelemetry is loaded only where a collector is configured', async () => {
  const script = new TestProcess({ command: process.execPath, args: ['-e', LOADED], env: {} })
  await script.ended()
  expect(script.output.trim()).toBe('[false,true]')
})
