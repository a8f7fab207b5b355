import { Pool } from 'pg'
import { tokenOf } from '../support/app'
import { call } from '../support/client'
import { type TestDatabase, createDatabase } from '../support/database'
import { EVENTS_OF_THE_WALK, type Walked, walkEveryFlow } from '../support/everyFlow'
import { someone } from '../support/people'
import { type ServerProcess, startServer } from '../support/process'
import { exchange, request } from '../support/raw'
import { type ReceivedMail, TestSmtpServer } from '../support/smtp'
import { dumpTables } from '../support/tables'

const passwords = {
  registered: 'canary violet tractor seven',
  reset: 'canary copper lantern nine',
  changed: 'canary silver walnut kites',
  wrong: 'canary wrong horse battery',
}
const email = `canary.${someone()}`
const newEmail = `canary.new.${someone()}`

let database: TestDatabase
let pool: Pool
let smtp: TestSmtpServer
let server: ServerProcess
let tokens: string[]
/** Everything the process said, on either stream. */
let said: string
let metrics: string
/** The tables as they were again and again during the walk, and at its end. */
const dumps: string[] = []
let audited: string[]

beforeAll(async () => {
  database = await createDatabase()
  pool = new Pool({ connectionString: database.url, max: 2 })
  smtp = await new TestSmtpServer().start()
  const env = {
    LOG_LEVEL: 'trace',
    DATABASE_URL: database.url,
    SMTP_URL: smtp.url,
    MAIL_FROM: 'no-reply@gatehouse.test',
  }
  server = await startServer(env)
  const walk = new AbortController()
  const watching = (async () => {
    while (!walk.signal.aborted) dumps.push(await dumpTables(pool))
  })()
  tokens = await walkEveryFlow(walked(), { email, newEmail, passwords, displayName: 'Ada' })
  await injectLines()
  walk.abort()
  await watching
  dumps.push(await dumpTables(pool))
  audited = (await pool.query<{ type: string }>('SELECT type FROM audit_events')).rows.map(({ type }) => type)
  metrics = await (await fetch(`${server.url}/metrics`)).text()
  await server.process.stop()
  said = server.process.output
})
afterAll(async () => {
  await server.process.stop('SIGKILL')
  await pool.end()
  await smtp.stop()
  await database.drop()
})

function walked(): Walked {
  const mail = (to: string, subject = /./): Promise<ReceivedMail> =>
    smtp.waitFor(to, ({ parsed }) => subject.test(parsed.subject ?? ''))
  return {
    url: server.url,
    mail,
    mailedToken: async (to, subject) => tokenOf(await mail(to, subject)),
    outlastGrace: async () => {
      await pool.query("UPDATE replaced_refresh_tokens SET recorded_at = recorded_at - interval '11 s'")
    },
  }
}

const FORGED = '{"event":"forged"}'

/** What would forge a line of the log, or speak to the terminal that shows it, by every way that text comes in. */
async function injectLines(): Promise<void> {
  const own = { Host: new URL(server.url).host } // any other is refused before the rest is read
  const hostile = ['\n', '\r\n', '\u2028', '\u2029', '\u0085', '\u001b[2J'].map((mark) => `x${mark}${FORGED}`)
  for (const text of hostile) {
    const input = { email: `${text}@example.com`, password: text, displayName: text, locale: text }
    await call(server.url, 'register', input)
    await call(server.url, 'login', { email: text, password: text })
    await call(server.url, 'register', { email: someone(), password: passwords.registered, displayName: text })
    const body = JSON.stringify({ query: '{ me { id } }' })
    const headers = { ...own, 'Content-Type': 'application/json', 'User-Agent': text, Authorization: `Bearer ${text}` }
    await exchange(server.url, request('POST /graphql', headers, body))
    await exchange(server.url, request(`GET /${encodeURIComponent(text)}`, own))
  }
  // The user agent is logged with every event: here is one that gets through.
  const login = JSON.stringify({ email: someone(), password: passwords.wrong })
  const headers = { ...own, 'Content-Type': 'application/json', 'User-Agent': `Browser\u2028"}${FORGED}` }
  expect((await exchange(server.url, request('POST /api/auth/login', headers, login))).status).toBe(401)
}

/** A token as text, and its bytes as a dump would show them. */
function formsOf(token: string): string[] {
  return [token, Buffer.from(token, 'base64url').toString('hex'), Buffer.from(token).toString('hex')]
}

test('the walk was a real one: it got tokens of every kind, and the tables were seen while it went on', () => {
  expect(tokens.length).toBeGreaterThan(15)
  expect(dumps.length).toBeGreaterThan(10)
  expect(dumps.some((dump) => dump.includes(email))).toBe(true)
  expect(said).toContain('"event":"login_succeeded"')
})

test('no table ever holds a password, a token or a link', () => {
  const secrets = [...Object.values(passwords), ...tokens.flatMap(formsOf), '#token=']
  const found = secrets.filter((secret) => dumps.some((dump) => dump.includes(secret)))
  expect(found).toEqual([])
})

test('no line of the log, at the most talkative level, holds a password, a hash, a token, a link or an address', () => {
  const secrets = [...Object.values(passwords), ...tokens, '#token=', '$2b$', '@example.com']
  expect(secrets.filter((secret) => said.includes(secret))).toEqual([])
})

test('no metric holds an address or a token', () => {
  expect(metrics).toContain('gatehouse_mails_sent_total')
  expect([...tokens, '@example.com'].filter((secret) => metrics.includes(secret))).toEqual([])
})

test('of an account that was deleted no table keeps the address', () => {
  const last = dumps.at(-1) ?? ''
  expect(last).not.toContain(email)
  expect(last).not.toContain(newEmail)
})

test('every flow leaves its event, as a line and, save a mere refresh, as a row', () => {
  const logged = new Set(server.process.logLines().map(({ event }) => event))
  expect([...EVENTS_OF_THE_WALK, 'session_refreshed'].filter((event) => !logged.has(event))).toEqual([])
  expect(EVENTS_OF_THE_WALK.filter((event) => !audited.includes(event))).toEqual([])
})

test('what a client sends forges no line: each one is one object, without a character that ends lines or moves cursors', () => {
  const lines = said.split('\n').filter((line) => line.includes('forged'))
  expect(lines.length).toBeGreaterThan(0)
  for (const line of lines) expect(JSON.parse(line)).not.toHaveProperty('event', 'forged')
  expect(said).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/)
})
