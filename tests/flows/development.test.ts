import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type App, startApp } from '../../src/app'
import { readEnvironment, resolveConfig } from '../../src/config/config'
import { freePort } from '../../src/lib/freePort'
import { createLogger } from '../../src/ops/logger'
import { call, post } from '../support/client'
import { PASSWORD } from '../support/people'
import { until } from '../support/until'

const EMAIL = 'ada@example.com'
/** IPv6 where the machine has it: an address that has to stand in brackets. */
const HOST = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))
  ? '::1'
  : '127.0.0.1'

let dataDir: string
let app: App | null = null

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gatehouse-development-'))
  chmodSync(dataDir, 0o755)
})
afterEach(async () => {
  await app?.close()
  app = null
})
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

/** A server with nothing set but where it listens and where it keeps things. */
async function start(): Promise<App> {
  const port = await freePort(HOST)
  const env = {
    HOST,
    PORT: String(port),
    DATA_DIR: dataDir,
    BCRYPT_COST: '10',
    RATE_LIMITS: 'off',
    SHUTDOWN_GRACE: '2s',
  }
  const logger = createLogger({ level: 'silent', pretty: false })
  app = await startApp({ config: resolveConfig(readEnvironment(env)), logger })
  return app
}

interface InboxAnswer {
  data: { devInbox: { token: string }[] }
}

async function mailedToken(url: string): Promise<string> {
  return until(async () => {
    const query = `{ devInbox(to: "${EMAIL}") { token } }`
    const { data } = (await (await post(url, { query })).json()) as InboxAnswer
    return data.devInbox[0]?.token
  })
}

test('without any setting there is a database, a secret and an inbox, and all of it is there after a restart', async () => {
  const first = await start()
  const url = first.address
  expect(url).toBe(HOST === '::1' ? `http://[::1]:${new URL(url).port}` : `http://127.0.0.1:${new URL(url).port}`)
  await call(url, 'register', { email: EMAIL, password: PASSWORD })
  const token = await mailedToken(url)
  expect(await call(url, 'verifyEmail', { token })).toMatchObject({ code: 'SUCCESS' })
  const { data } = await call(url, 'login', { email: EMAIL, password: PASSWORD })
  const { refreshToken } = data.tokens as { refreshToken: string }
  await first.close()

  const second = await start()
  expect(await mailedToken(second.address)).toBe(token)
  expect(await call(second.address, 'refreshSession', { refreshToken })).toMatchObject({ code: 'SUCCESS' })
})

test('a browser that opens /graphql gets the Sandbox, and the content security policy allows it', async () => {
  const { address } = await start()
  const page = await fetch(`${address}/graphql`, { headers: { accept: 'text/html' } })
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
  expect(page.headers.get('content-security-policy')).toContain('embeddable-sandbox.cdn.apollographql.com')
  const api = await fetch(`${address}/graphql?query=%7B__typename%7D`, { headers: { 'apollo-require-preflight': '1' } })
  expect(api.status).toBe(200)
  expect(api.headers.get('content-security-policy') ?? '').not.toContain('apollographql.com')
})
