import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, type RequestListener, type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createBreachCheck } from '../../src/passwords/breachCheck'
import { createLogger } from '../../src/ops/logger'

const PASSWORD = 'password123'
const SHA1 = createHash('sha1').update(PASSWORD).digest('hex').toUpperCase()
const OTHERS = '0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n00D4F6E8FA6EECAD2A3AA415EEC418D38EC:2\r\n'

const servers: Server[] = []
const lines: string[] = []
const logger = createLogger({ level: 'debug', pretty: false, destination: { write: (line) => void lines.push(line) } })

beforeEach(() => (lines.length = 0))
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

async function service(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/pwned/`
}

function answering(body: string, status = 200): RequestListener {
  return (_request, response) => response.writeHead(status).end(body)
}

test('a password in the list is breached, another is not', async () => {
  const check = createBreachCheck({ url: await service(answering(`${OTHERS}${SHA1.slice(5)}:251682\r\n`)) })
  expect(await check(PASSWORD, logger)).toBe(true)
  expect(await check('violet tractor seven moons', logger)).toBe(false)
  expect(lines).toEqual([])
})

test('a line that only pads the answer has a count of 0 and breaches nothing', async () => {
  const check = createBreachCheck({ url: await service(answering(`${OTHERS}${SHA1.slice(5)}:0\r\n`)) })
  expect(await check(PASSWORD, logger)).toBe(false)
})

test('the service is told five digits of the digest and asked for padding, and nothing more', async () => {
  const requests: IncomingMessage[] = []
  const url = await service((request, response) => {
    requests.push(request)
    response.end(OTHERS)
  })
  await createBreachCheck({ url })(PASSWORD, logger)
  expect(requests).toHaveLength(1)
  expect(requests[0]?.url?.split('?')[0]).toBe(`/pwned/range/${SHA1.slice(0, 5)}`)
  expect(requests[0]?.headers['add-padding']).toBe('true')
  const told = JSON.stringify([requests[0]?.url, requests[0]?.rawHeaders]).toUpperCase()
  expect(told).not.toContain(SHA1.slice(5))
  expect(told).not.toContain(PASSWORD.toUpperCase())
})

test('without a URL nothing is asked and nothing is breached', async () => {
  expect(await createBreachCheck({ url: null })(PASSWORD, logger)).toBe(false)
})

describe('a service that fails lets the password pass, with a warning that tells nothing of it', () => {
  async function expectPassedWithWarning(url: string, reason: string): Promise<void> {
    const check = createBreachCheck({ url, timeout: 100 })
    expect(await check(PASSWORD, logger)).toBe(false)
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn', event: 'breach_check_failed' })
    expect(lines[0]).toContain(reason)
    const logged = lines.join().toUpperCase()
    for (const secret of [PASSWORD.toUpperCase(), SHA1.slice(0, 5), SHA1.slice(5)]) expect(logged).not.toContain(secret)
  }

  test('when it answers with an error that quotes the request', async () => {
    await expectPassedWithWarning(await service(answering(`bad prefix ${SHA1.slice(0, 5)}`, 400)), 'Error')
  })

  test('when it is overloaded', async () => {
    await expectPassedWithWarning(await service(answering('', 503)), 'Error')
  })

  test('when it does not answer in time', async () => {
    await expectPassedWithWarning(await service(() => undefined), 'TimeoutError')
  })

  test('when it begins an answer and never ends it', async () => {
    await expectPassedWithWarning(await service((_request, response) => void response.write(OTHERS)), 'TimeoutError')
  })

  test('when it breaks off', async () => {
    await expectPassedWithWarning(await service((request) => void request.socket.destroy()), 'UND_ERR_SOCKET')
  })

  test('when nobody listens', async () => {
    const url = await service(answering(OTHERS))
    const [server] = servers.splice(0)
    await new Promise((resolve) => server?.close(resolve))
    await expectPassedWithWarning(url, 'ECONNREFUSED')
  })
})
