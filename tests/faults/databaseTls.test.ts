import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { ConfigError } from '../../src/config/config'
import { openConnection, readDatabaseUrl } from '../../src/store/connection'
import { startTestApp } from '../support/app'
import { makeCertificate } from '../support/certificate'
import { OwnPostgres } from '../support/ownPostgres'
import { loggedIn, verifiedPerson } from '../support/people'
import { temporaryFolder } from '../support/process'

const folder = temporaryFolder()
const [own, other] = [makeCertificate(folder.path, 'own'), makeCertificate(folder.path, 'other')]
let server: OwnPostgres
beforeAll(async () => {
  server = await OwnPostgres.start()
  await server.useCertificate(own)
})
afterAll(async () => {
  await server.stop()
  folder.remove()
})

/** The server's certificate names 127.0.0.1 alone. */
function urlOf(query: Record<string, string>, host = '127.0.0.1'): string {
  const url = new URL(server.url)
  url.hostname = host
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url.href
}

/** Whether the connection is encrypted, as the server says; the code where none comes about. */
async function outcomeOf(url: string): Promise<'encrypted' | 'plain' | 'refused'> {
  const client = await openConnection(readDatabaseUrl(url)).catch(() => null)
  if (!client) return 'refused'
  const { rows } = await client.query<{ ssl: boolean }>('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')
  await client.end()
  return rows[0]?.ssl === true ? 'encrypted' : 'plain'
}

const ANYWHERE = ['127.0.0.1', 'localhost']

test.each<[sslmode: string, sslrootcert: string, hosts: string[], outcome: string]>([
  ['', '', ANYWHERE, 'plain'],
  ['disable', '', ANYWHERE, 'plain'],
  ['disable', other.cert, ANYWHERE, 'plain'],
  ['prefer', '', ANYWHERE, 'encrypted'],
  ['prefer', other.cert, ANYWHERE, 'encrypted'],
  ['require', '', ANYWHERE, 'encrypted'],
  ['require', own.cert, ANYWHERE, 'encrypted'],
  ['require', other.cert, ANYWHERE, 'refused'],
  ['verify-ca', own.cert, ANYWHERE, 'encrypted'],
  ['verify-ca', other.cert, ANYWHERE, 'refused'],
  ['verify-full', own.cert, ['127.0.0.1'], 'encrypted'],
  ['verify-full', own.cert, ['localhost'], 'refused'],
  ['verify-full', other.cert, ANYWHERE, 'refused'],
  ['verify-full', '', ANYWHERE, 'refused'],
  ['verify-full', 'system', ANYWHERE, 'refused'],
  ['', 'system', ANYWHERE, 'refused'],
])('sslmode=%s with sslrootcert=%s, to %s: %s', async (sslmode, sslrootcert, hosts, outcome) => {
  const query = { ...(sslmode && { sslmode }), ...(sslrootcert && { sslrootcert }) }
  for (const host of hosts) expect([host, await outcomeOf(urlOf(query, host))]).toEqual([host, outcome])
})

test('sslnegotiation=direct begins with the handshake, and ssl_min_protocol_version is followed', async () => {
  const query = { sslmode: 'require', sslnegotiation: 'direct', ssl_min_protocol_version: 'TLSv1.3' }
  expect(await outcomeOf(urlOf(query))).toBe('encrypted')
})

test.each<[query: Record<string, string>, words: RegExp]>([
  [{ sslmode: 'require', sslrootcert: 'system' }, /sslrootcert=system needs sslmode=verify-full/],
  [{ sslmode: 'disable', sslrootcert: 'system' }, /sslrootcert=system needs sslmode=verify-full/],
  [{ sslmode: 'verify-ca' }, /sslmode=verify-ca needs sslrootcert/],
  [{ sslmode: 'on' }, /sslmode is disable, allow, /],
  [{ ssl: 'require' }, /ssl is true or false/],
  [{ sslrootcert: own.cert }, /a certificate without sslmode/],
  [{ sslmode: 'require', sslcert: own.cert }, /sslcert and sslkey.* go together/],
  [{ sslmode: 'verify-full', sslrootcert: own.key }, /no PEM file that TLS can use/],
  [{ sslmode: 'verify-full', sslrootcert: '/nowhere.pem' }, /the file of sslrootcert cannot be read \(ENOENT\)/],
  [{ sslmode: 'prefer', sslnegotiation: 'direct' }, /sslnegotiation=direct needs sslmode=require/],
  [{ ssl_min_protocol_version: 'TLSv1.4', sslmode: 'require' }, /ssl_min_protocol_version is TLSv1\.2 or/],
  [{ hostaddr: '127.0.0.1' }, /hostaddr is not supported: write the address as the host/],
  [{ require_auth: 'scram-sha-256' }, /require_auth is not supported/],
  [{ target_session_attrs: 'standby' }, /target_session_attrs is any, read-write or primary/],
  [{ gssencmode: 'require' }, /gssencmode is disable or prefer/],
  [{ sslmode: 'require', sslnegotiation: 'Direct' }, /sslnegotiation is postgres or direct/],
  [{ sslmode: 'verify-full', sslcertmode: 'require' }, /sslcertmode is allow/],
  [{ sslmode: 'verify-full', ssl: 'false' }, /ssl beside sslmode/],
  [{ channel_binding: 'Require', sslmode: 'verify-full' }, /channel_binding is disable, prefer or require/],
  [{ channelBinding: 'require', sslmode: 'verify-full' }, /a parameter is spelled unlike channel_binding/],
  [{ 'amp;channel_binding': 'require' }, /a parameter's name holds more than letters/],
  ...['ssl_mode', 'sslMode', 'SSLMODE', 'ssl-mode', 'requiressl', 'tls', 'sslfactory', 'amp;sslmode'].map(
    (name): [Record<string, string>, RegExp] => [{ [name]: 'verify-full' }, /TLS is asked for by sslmode and /],
  ),
  ...['require', 'prefer', 'disable', 'verify-ca'].map((sslmode): [Record<string, string>, RegExp] => [
    { channel_binding: 'require', sslmode, ...(sslmode === 'verify-ca' && { sslrootcert: own.cert }) },
    /channel_binding=require needs sslmode=verify-full/,
  ]),
  [{ channel_binding: 'require' }, /channel_binding=require needs sslmode=verify-full/],
  [{ port: 'five' }, /port is a number from 1 to 65535/],
])('%j is refused in words that name no value', (query, words) => {
  expect(() => readDatabaseUrl(urlOf(query))).toThrow(ConfigError)
  expect(() => readDatabaseUrl(urlOf(query))).toThrow(words)
})

test.each(['sslmode=disable&sslmode=verify-full', 'sslmode=verify-full&sslmode=verify-full', 'host=a&host=b'])(
  'a parameter that stands twice is refused: %s',
  (query) => {
    expect(() => readDatabaseUrl(`${server.url}?${query}`)).toThrow(/stands twice/)
  },
)

test('a mode that verifies does so whatever the environment says; the others do not', () => {
  // NODE_TLS_REJECT_UNAUTHORIZED decides where the option is absent.
  const verifies = (query: Record<string, string>) => readDatabaseUrl(urlOf(query)).client.ssl
  for (const sslmode of ['require', 'verify-ca', 'verify-full'])
    expect(verifies({ sslmode, sslrootcert: own.cert })).toMatchObject({ rejectUnauthorized: true })
  for (const query of [
    { sslrootcert: 'system' },
    { ssl: 'true' },
    { sslmode: 'verify-full', channel_binding: 'require' },
  ])
    expect(verifies(query)).toMatchObject({ rejectUnauthorized: true })
  for (const sslmode of ['prefer', 'require'])
    expect(verifies({ sslmode })).toMatchObject({ rejectUnauthorized: false })
})

test('parameters of an ORM, and those that ask for what is done anyway, are left alone', () => {
  const query = {
    connection_limit: '5',
    pgbouncer: 'true',
    target_session_attrs: 'read-write',
    gssencmode: 'prefer',
    gsslib: 'gssapi',
  }
  expect(readDatabaseUrl(urlOf({ ...query, sslmode: 'allow' })).client.ssl).toBe(false)
})

test('a whole server works over TLS: pool, listener and migrations', async () => {
  const app = await startTestApp({ databaseUrl: urlOf({ sslmode: 'verify-full', sslrootcert: own.cert }) })
  await loggedIn(app, await verifiedPerson(app))
  const plain =
    "SELECT 1 FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE application_name LIKE 'gatehouse%' AND NOT ssl"
  expect(await server.query(plain)).toEqual([])
  await app.close()
})

test.each(['in the query', 'as the host'])(
  'a unix socket that stands %s is used, without TLS as by libpq',
  async (place) => {
    const { port, username, password } = new URL(server.url)
    const socket = createServer((client) => {
      const upstream = connect(Number(port), '127.0.0.1')
      client.pipe(upstream).pipe(client)
      for (const end of [client, upstream])
        end.on('error', () => undefined).on('close', () => [client, upstream].forEach((each) => each.destroy()))
    }).listen(join(folder.path, '.s.PGSQL.5432'))
    await once(socket, 'listening')
    const host = encodeURIComponent(folder.path)
    const url =
      place === 'as the host'
        ? `postgresql://${username}:${password}@${host}/postgres?sslmode=verify-full`
        : `postgresql://${username}:${password}@/postgres?host=${host}&sslmode=verify-full`
    expect(await outcomeOf(url)).toBe('plain')
    socket.close()
    await once(socket, 'close')
  },
)

test.each(['require', 'verify-full'])(
  'sslmode=%s never falls back to plain text where the server has no TLS',
  async (sslmode) => {
    const silent = createServer((client) => client.once('data', () => client.write('N'))).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const url = new URL(urlOf({ sslmode }))
    url.port = String((silent.address() as AddressInfo).port)
    expect(await outcomeOf(url.href)).toBe('refused')
    silent.close()
  },
)

test('a server that demands a certificate of its clients gets it; the key may be encrypted', async () => {
  await server.requireClientCertificates(own.cert)
  const encrypted = join(folder.path, 'encrypted.key')
  execFileSync('openssl', ['pkcs8', '-topk8', '-in', own.key, '-out', encrypted, '-passout', 'pass:opens it'])
  const query = { sslmode: 'verify-full', sslrootcert: own.cert, sslcert: own.cert }
  expect(await outcomeOf(urlOf({ sslmode: 'require' }))).toBe('refused')
  expect(await outcomeOf(urlOf({ ...query, sslcert: other.cert, sslkey: other.key }))).toBe('refused')
  expect(await outcomeOf(urlOf({ ...query, sslkey: own.key }))).toBe('encrypted')
  expect(await outcomeOf(urlOf({ ...query, sslkey: encrypted, sslpassword: 'opens it' }))).toBe('encrypted')
  const wrong = urlOf({ ...query, sslkey: encrypted, sslpassword: 'another' })
  expect(() => readDatabaseUrl(wrong)).toThrow(/sslpassword does not open the key/)
})
