import { startTestApp, type TestApp } from '../support/app'
import { makeCertificate } from '../support/certificate'
import { call, me, rest } from '../support/client'
import { OwnPostgres } from '../support/ownPostgres'
import { PASSWORD, loggedIn, verifiedPerson } from '../support/people'
import { temporaryFolder } from '../support/process'
import { until } from '../support/until'

const OUTAGE = { code: 'SERVICE_UNAVAILABLE', status: 503, retryAfter: expect.stringMatching(/^\d+$/) as string }

const readiness = async ({ url }: TestApp) =>
  ((await (await fetch(`${url}/health/ready`)).json()) as { reason?: string }).reason ?? 'ready'

/** Reads and writes, with a session and without, by GraphQL and by REST. */
async function askAll({ url }: TestApp, { email, token }: { email: string; token: string }) {
  const answers = await Promise.all([
    call(url, 'login', { email, password: PASSWORD }),
    rest(url, 'login', { email, password: PASSWORD }),
    call(url, 'requestReset', { email }),
    rest(url, 'requestReset', { email }),
    call(url, 'updateProfile', { displayName: 'Ada' }, { token }),
    me(url, { token }),
    rest(url, 'me', undefined, { token }),
  ])
  return answers.map(({ code, status, headers }) => ({ code, status, retryAfter: headers.get('retry-after') }))
}

async function expectOutage(app: TestApp, somebody: { email: string; token: string }): Promise<void> {
  const answers = await askAll(app, somebody)
  expect(answers).toEqual(answers.map(() => OUTAGE))
}

async function expectRecovery(app: TestApp, email: string): Promise<void> {
  await until(async () => (await readiness(app)) === 'ready')
  await loggedIn(app, email)
  await loggedIn(app, await verifiedPerson(app))
}

async function person(app: TestApp) {
  const email = await verifiedPerson(app)
  return { email, token: (await loggedIn(app, email)).tokens.accessToken }
}

describe('on a server of its own', () => {
  const folder = temporaryFolder()
  const [first, second] = [makeCertificate(folder.path, 'first'), makeCertificate(folder.path, 'second')]
  let server: OwnPostgres
  let app: TestApp
  beforeEach(async () => (server = await OwnPostgres.start()))
  afterEach(async () => {
    await app.close()
    await server.stop()
  })
  afterAll(() => folder.remove())

  const urlOf = (database: string, query = '') => {
    const url = new URL(server.url)
    url.pathname = `/${database}`
    return url.href + query
  }

  test('a database that was renamed is an outage until it has its name again', async () => {
    await server.query('CREATE DATABASE mine')
    app = await startTestApp({ databaseUrl: urlOf('mine') })
    const somebody = await person(app)
    const rename = async (from: string, to: string) => {
      await server.query(`ALTER DATABASE ${from} ALLOW_CONNECTIONS false`)
      await server.endConnections()
      await until(() => server.query(`ALTER DATABASE ${from} RENAME TO ${to}`).catch(() => null))
      await server.query(`ALTER DATABASE ${to} ALLOW_CONNECTIONS true`)
    }
    await rename('mine', 'yours')
    await expectOutage(app, somebody)
    expect(await readiness(app)).toMatch(/^database unreachable: .*\(3D000\)$/)
    await rename('yours', 'mine')
    await expectRecovery(app, somebody.email)
  })

  test.each([
    ['that is switched off', null, /^database unreachable/],
    ['with a certificate that nobody trusts', second, /^database unreachable/],
  ])('TLS %s is an outage until it is as it was', async (_name, changed, reason) => {
    await server.useCertificate(first)
    app = await startTestApp({ databaseUrl: urlOf('postgres', `?sslmode=verify-full&sslrootcert=${first.cert}`) })
    const somebody = await person(app)
    await server.useCertificate(changed)
    await expectOutage(app, somebody)
    expect(await readiness(app)).toMatch(reason)
    await server.useCertificate(first)
    await expectRecovery(app, somebody.email)
  })

  test('a server that became a standby takes no writes: an outage until it is promoted', async () => {
    app = await startTestApp({ databaseUrl: server.url })
    const somebody = await person(app)
    await server.becomeStandby()
    await until(async () => (await readiness(app)) === 'the database is a read-only standby')
    const answers = await askAll(app, somebody)
    expect(answers.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => OUTAGE))
    for (const { status } of answers.slice(5)) expect([200, 503]).toContain(status) // a read is answered
    await server.query('SELECT pg_promote()')
    await expectRecovery(app, somebody.email)
  })
})
