import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import fastify from 'fastify'
import { proxyWarning } from '../../src/http/proxyWarning'
import { requestLog } from '../../src/http/requestLog'
import { createLogger } from '../../src/ops/logger'
import { type TestApp, startTestApp } from '../support/app'
import { call } from '../support/client'
import { loggedIn, someone, verifiedPerson } from '../support/people'
import { temporaryFolder } from '../support/process'
import { BY_TLS, PRODUCTION } from '../support/production'

const BEHIND = { TRUST_PROXY: '127.0.0.1, 10.0.0.0/8', RATE_LIMITS: 'on', NODE_ENV: 'test' }
/** The budget of verifyEmail for one address: no hash, no mail, one line. */
const BUDGET = 30

/** Spends a call of that budget; resolves to whether it was refused. */
async function refused(app: TestApp, headers: Record<string, string>): Promise<boolean> {
  const { code } = await call(app.url, 'verifyEmail', { token: 'x' }, { headers })
  return code === 'RATE_LIMITED'
}
async function refusals(
  app: TestApp,
  count: number,
  headersOf: (index: number) => Record<string, string>,
): Promise<number> {
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => refused(app, headersOf(index))))
  return answers.filter(Boolean).length
}

describe('without a trusted proxy', () => {
  test.each([
    ['X-Forwarded-For', (ip: string) => ({ 'x-forwarded-for': ip })],
    ['Forwarded', (ip: string) => ({ forwarded: `for=${ip}` })],
    ['X-Real-IP', (ip: string) => ({ 'x-real-ip': ip })],
    ['CF-Connecting-IP', (ip: string) => ({ 'cf-connecting-ip': ip })],
    ['True-Client-IP', (ip: string) => ({ 'true-client-ip': ip })],
    ['X-Client-IP', (ip: string) => ({ 'x-client-ip': ip })],
  ])('%s changes nothing: a hundred addresses are one client', async (_name, header) => {
    const app = await startTestApp({ env: { RATE_LIMITS: 'on', NODE_ENV: 'test' } })
    expect(await refusals(app, 100, (index) => header(`203.0.113.${index}`))).toBe(100 - BUDGET)
    await app.close()
  })
})

describe('behind a trusted proxy', () => {
  let app: TestApp
  beforeEach(async () => {
    app = await startTestApp({ env: BEHIND })
  })
  afterEach(() => app.close())

  test('two clients have a budget each', async () => {
    expect(await refusals(app, BUDGET + 5, () => ({ 'x-forwarded-for': '203.0.113.1' }))).toBe(5)
    expect(await refused(app, { 'x-forwarded-for': '203.0.113.2' })).toBe(false)
  })

  test('what a client puts in front is not believed: the right-most hop that is no proxy counts', async () => {
    const chain = (index: number) => ({ 'x-forwarded-for': `198.51.100.${index}, 203.0.113.1, 10.1.2.3` })
    expect(await refusals(app, BUDGET + 5, chain)).toBe(5)
  })

  test.each(['Forwarded', 'X-Real-IP', 'CF-Connecting-IP'])('%s is believed of nobody', async (name) => {
    const headers = (index: number) => ({ [name]: `for=198.51.100.${index}`, 'x-forwarded-for': '203.0.113.1' })
    expect(await refusals(app, BUDGET + 5, headers)).toBe(5)
  })

  test('a hop that is no address is counted as the proxy that passed it on', async () => {
    const headers = (index: number) => ({ 'x-forwarded-for': `unknown-${index}` })
    expect(await refusals(app, BUDGET + 5, headers)).toBe(5)
  })

  test('two hundred addresses of one IPv6 /64 are one client, the next /64 is another', async () => {
    const within = (index: number) => ({ 'x-forwarded-for': `2001:db8:1:2:${index.toString(16)}::${index + 1}` })
    expect(await refusals(app, 200, within)).toBe(200 - BUDGET)
    expect(await refused(app, { 'x-forwarded-for': '2001:db8:1:3::1' })).toBe(false)
  })

  test('an IPv4 address is the same client however it is spelled', async () => {
    const spelled = [
      '203.0.113.7',
      '::ffff:203.0.113.7',
      '::ffff:cb00:7107',
      '203.0.113.7:4711',
      '[::ffff:203.0.113.7]:4711',
    ]
    const headers = (index: number) => ({ 'x-forwarded-for': spelled[index % spelled.length] ?? '' })
    expect(await refusals(app, BUDGET + 5, headers)).toBe(5)
    expect(await refused(app, { 'x-forwarded-for': '::ffff:203.0.113.8' })).toBe(false)
  })

  test('a session tells its owner the address of the client, not of the proxy', async () => {
    const email = await verifiedPerson(app, someone())
    const headers = { 'x-forwarded-for': '198.51.100.9, 2001:DB8::00ff' }
    const { data } = await call(app.url, 'login', { email, password: 'violet tractor seven moons' }, { headers })
    expect(data.session).toMatchObject({ ipAddress: '2001:db8::ff' })
    expect((await loggedIn(app, email)).session).toMatchObject({ ipAddress: '127.0.0.1' })
  })
})

test('in production, forwarded headers of a peer that is no trusted proxy are told once', async () => {
  const app = await startTestApp({ env: { ...PRODUCTION, TRUST_PROXY: '192.0.2.1' } })
  for (let index = 0; index < 3; index += 1) {
    await fetch(`${app.url}/health/live`, { headers: { ...BY_TLS, 'x-forwarded-for': '203.0.113.1' } })
  }
  expect(app.log.filter(({ event }) => event === 'untrusted_forwarding')).toHaveLength(1)
  await app.close()

  const behind = await startTestApp({ env: PRODUCTION })
  await fetch(`${behind.url}/health/live`, { headers: { ...BY_TLS, 'x-forwarded-for': '203.0.113.1' } })
  expect(behind.log.filter(({ event }) => event === 'untrusted_forwarding')).toHaveLength(0)
  await behind.close()
})

test('a connection without a peer does not spend that line: it could name no proxy', async () => {
  const lines: string[] = []
  const folder = temporaryFolder()
  const app = fastify()
  requestLog(app, createLogger({ level: 'warn', pretty: false, destination: { write: (line) => lines.push(line) } }))
  proxyWarning(app)
  const socketPath = join(folder.path, 'socket')
  await app.listen({ path: socketPath })
  const asked = request({ socketPath, headers: { 'x-forwarded-for': '203.0.113.1' } }).end()
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  answer.resume()
  expect(lines).toEqual([])
  await app.inject({ url: '/', headers: { 'x-forwarded-for': '203.0.113.1' }, remoteAddress: '203.0.113.2' })
  expect(lines).toEqual([expect.stringContaining('"peer":"203.0.113.2"')])
  await app.close()
  folder.remove()
})
