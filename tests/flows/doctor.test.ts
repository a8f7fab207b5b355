import { type Socket, createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type TestApp, startTestApp } from '../support/app'
import { createEmptyDatabase } from '../support/database'
import { CHEAP, runGatehouse } from '../support/process'
import { PRODUCTION } from '../support/production'

const { SECRET } = CHEAP

/** A name server that knows these TXT records, and that no other name exists (RFC 1035). */
async function nameServer(records: Record<string, string[]>): Promise<{ address: string; socket: Socket }> {
  const socket = createSocket('udp4')
  socket.on('message', (query, peer) => {
    const labels: string[] = []
    let at = 12
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length))
      at += 1 + length
    }
    const texts = records[labels.join('.').toLowerCase()]
    const head = Buffer.from(query.subarray(0, 12))
    head.writeUInt16BE(texts ? 0x8180 : 0x8183, 2)
    head.writeUInt16BE(texts?.length ?? 0, 6)
    head.writeUInt32BE(0, 8)
    const answers = (texts ?? []).map((text) => {
      const fixed = Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0, text.length + 1, text.length])
      return Buffer.concat([fixed, Buffer.from(text)])
    })
    socket.send(Buffer.concat([head, query.subarray(12, at + 5), ...answers]), peer.port, peer.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { address: `127.0.0.1:${socket.address().port}`, socket }
}

interface Finding {
  check: string
  level: string
  found: string
  advice?: string
}

async function doctor(
  env: Record<string, string>,
  ...args: string[]
): Promise<{ code: number | null; output: string }> {
  const process = runGatehouse(['doctor', ...args], env)
  const { code } = await process.ended()
  return { code, output: process.output }
}
async function findings(env: Record<string, string>, ...args: string[]): Promise<[number | null, Finding[]]> {
  const { code, output } = await doctor(env, '--json', ...args)
  return [code, JSON.parse(output) as Finding[]]
}
const failures = (found: Finding[]) => found.filter(({ level }) => level === 'fail')

const DNS = {
  'mail.example.com': ['v=spf1 include:relay.example -all', 'another=text'],
  '_dmarc.mail.example.com': ['v=DMARC1; p=quarantine'],
  'k1._domainkey.mail.example.com': ['v=DKIM1; k=rsa; p=MIGfMA0'],
}
let app: TestApp
let names: Awaited<ReturnType<typeof nameServer>>
let environment: Record<string, string>
beforeAll(async () => {
  app = await startTestApp()
  names = await nameServer(DNS)
  environment = {
    DATABASE_URL: app.databaseUrl,
    SMTP_URL: app.smtp.url,
    PUBLIC_URL: app.url,
    MAIL_FROM: 'Auth <no-reply@mail.example.com>',
    SECRET,
  }
})
afterAll(async () => {
  names.socket.close()
  await app.close()
})

test('a working installation has no failure: 0, and each line says what was found', async () => {
  const { code, output } = await doctor(environment, '--dns', names.address, '--dkim', 'k1')
  expect(output).toMatch(/^ok {3}database: PostgreSQL \d+\.\d+$/m)
  expect(output).toMatch(/^ok {3}database: sessions are as they must be/m)
  expect(output).toMatch(/^ok {3}database: clocks differ by 0\.\d s$/m)
  expect(output).toMatch(/^ok {3}database: the signing key is 0 days old$/m)
  expect(output).toMatch(/^warn database: the role is a superuser\n {5}-> serve with a role that owns nothing/m)
  expect(output).toMatch(/^ok {3}smtp: 127\.0\.0\.1, port \d+, takes mails/m)
  expect(output).toMatch(/^ok {3}public url: http:\/\/127\.0\.0\.1:\d+ answers$/m)
  expect(output).toMatch(/^ok {3}sender mail\.example\.com: SPF: v=spf1 include:relay\.example -all$/m)
  expect(output).toMatch(/^ok {3}sender mail\.example\.com: DMARC is published$/m)
  expect(output).toMatch(/^ok {3}sender mail\.example\.com: DKIM: the key is published$/m)
  expect(output).not.toMatch(/^fail/m)
  expect([code, app.smtp.attempts]).toEqual([0, []])
})

test('whatever cannot be reached fails with its cause and what to do: 1', async () => {
  const [code, found] = await findings(
    {
      ...environment,
      DATABASE_URL: 'postgresql://user:hunter2@127.0.0.1:9/gate',
      SMTP_URL: 'smtp://user:hunter2@127.0.0.1:9',
      REDIS_URL: 'redis://user:hunter2@127.0.0.1:9',
      PUBLIC_URL: 'http://127.0.0.1:9',
      MAIL_FROM: 'no-reply@nowhere.example.com',
      MAIL_TEMPLATES_DIR: '/no/such/folder',
    },
    ...['--dns', names.address, '--dkim', 'k1'],
  )
  expect(code).toBe(1)
  expect(failures(found).map(({ check, found: text }) => `${check}: ${text}`)).toEqual([
    'database: connection refused (ECONNREFUSED)',
    'redis: it does not answer (ECONNREFUSED)',
    'smtp: 127.0.0.1, port 9, step connect: nothing listens at this port',
    'mails: MAIL_TEMPLATES_DIR: the folder cannot be read (ENOENT)',
    'sender nowhere.example.com: 0 SPF records',
    'sender nowhere.example.com: no DKIM key',
    expect.stringMatching(/^public url: http:\/\/127\.0\.0\.1:9 cannot be reached/) as string,
  ])
  expect(found.filter(({ level, advice }) => level !== 'ok' && !advice)).toEqual([])
  expect(JSON.stringify(found)).not.toContain('hunter2')
})

test('it tells pending migrations, another SECRET, and a proxy that TRUST_PROXY lacks', async () => {
  const empty = await createEmptyDatabase()
  const production = await startTestApp({ env: { ...PRODUCTION, TRUST_PROXY: '192.0.2.1' } })
  const dns = ['--dns', names.address]
  const [, unmigrated] = await findings({ ...environment, DATABASE_URL: empty.url }, ...dns)
  const [, otherSecret] = await findings({ ...environment, SECRET: `another ${SECRET}` }, ...dns)
  const [, untrusted] = await findings({ ...environment, PUBLIC_URL: production.url }, ...dns)
  await production.close()
  await empty.drop()
  expect(failures(unmigrated)).toMatchObject([
    { check: 'database', found: expect.stringMatching(/^\d+ migrations/) as string },
  ])
  expect(failures(otherSecret)).toMatchObject([{ found: 'SECRET does not open the signing keys' }])
  expect(failures(untrusted)).toMatchObject([
    { check: 'public url', found: 'the server does not know that requests came by https' },
  ])
})

test('an IP address is told to be none that passkeys can be bound to, and a name is fine', async () => {
  const passkeysOf = async (env: Record<string, string>) => {
    const [, found] = await findings({ ...environment, ...env }, '--dns', names.address)
    return found.filter(({ check }) => check === 'passkeys')
  }
  const advice = 'serve by a name, and set PUBLIC_URL to it'
  expect(await passkeysOf({ PUBLIC_URL: 'http://127.0.0.1:9' })).toEqual([
    { check: 'passkeys', level: 'warn', found: '127.0.0.1 is an IP address, which browsers refuse', advice },
  ])
  expect(await passkeysOf({ PUBLIC_URL: 'http://[::1]:9' })).toMatchObject([{ level: 'warn' }])
  expect(await passkeysOf({ PUBLIC_URL: 'http://localhost:9' })).toEqual([
    { check: 'passkeys', level: 'ok', found: 'bound to localhost' },
  ])
})

test('a configuration that cannot be served is told as by the server: 78; unknown options: 64', async () => {
  expect((await doctor({ ...environment, NODE_ENV: 'production', PUBLIC_URL: 'http://x' })).code).toBe(78)
  expect((await doctor(environment, '--verbose')).code).toBe(1)
})
