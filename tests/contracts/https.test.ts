import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync, copyFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TLSSocket, connect } from 'node:tls'
import { ConfigError } from '../../src/config/config'
import { type TestApp, startTestApp } from '../support/app'
import { makeCertificate } from '../support/certificate'
import { post } from '../support/client'
import { BY_TLS, PRODUCTION } from '../support/production'

describe('behind a proxy in production', () => {
  let app: TestApp
  beforeAll(async () => {
    app = await startTestApp({ env: PRODUCTION })
  })
  afterAll(() => app.close())

  const get = (path: string, method = 'GET', headers: Record<string, string> = {}) =>
    fetch(app.url + path, { method, headers, redirect: 'manual' })

  test('the API refuses what came in clear, and never redirects it', async () => {
    const graphql = await post(app.url, { query: '{ __typename }' })
    const { errors } = (await graphql.json()) as { errors: { extensions: { code: string } }[] }
    expect([graphql.status, errors[0]?.extensions.code]).toEqual([403, 'HTTPS_REQUIRED'])
    for (const path of ['/api/auth/me', '/.well-known/jwks.json', '/metrics', '/nowhere']) {
      const answer = await get(path)
      const { error } = (await answer.json()) as { error: { code: string } }
      expect([path, answer.status, error.code]).toEqual([path, 403, 'HTTPS_REQUIRED'])
      expect(answer.headers.get('location')).toBeNull()
    }
  })

  test('a proxy that says http is believed as well as one that says nothing', async () => {
    expect((await get('/api/auth/me', 'GET', { 'x-forwarded-proto': 'http' })).status).toBe(403)
    // Of a chain the nearest proxy's word counts: it comes last.
    expect((await get('/api/auth/me', 'GET', { 'x-forwarded-proto': 'https, http' })).status).toBe(403)
  })

  test('pages move to https, at the configured origin whatever the Host says', async () => {
    for (const method of ['GET', 'HEAD']) {
      for (const path of [
        '/verify-email',
        '/reset-password',
        '/confirm-email-change',
        '/undo-email-change',
        '/reject-login',
      ]) {
        const answer = await get(path, method, { 'x-forwarded-host': 'evil.example' })
        expect([answer.status, answer.headers.get('location')]).toEqual([308, `https://auth.example.com${path}`])
      }
    }
    for (const path of ['/verify-email/', '/verify-email?token=abc', '/reset-password%23token=abc']) {
      const answer = await get(path)
      expect([answer.status, answer.headers.get('location')]).toEqual([308, `https://auth.example.com${path}`])
    }
    expect((await get('/verify-email', 'POST')).status).toBe(403)
    expect((await get('/verify-email/x')).status).toBe(403)
  })

  test('probes ask in clear', async () => {
    expect((await get('/health/live')).status).toBe(200)
    expect((await get('/health/ready')).status).toBe(200)
  })

  test('browsers are told to come by https for two years, on refusals too', async () => {
    for (const answer of [
      await get('/api/auth/me'),
      await get('/health/live'),
      await get('/verify-email', 'GET', BY_TLS),
    ]) {
      expect(answer.headers.get('strict-transport-security')).toBe('max-age=63072000; includeSubDomains')
    }
  })

  test('a peer that is no proxy cannot say that it came by https', async () => {
    const alone = await startTestApp({ env: { ...PRODUCTION, TRUST_PROXY: '192.0.2.1' } })
    const answer = await post(alone.url, { query: '{ __typename }' }, { headers: BY_TLS })
    await alone.close()
    expect(answer.status).toBe(403)
  })
})

test('in development nothing demands https, and no HSTS locks a browser out of localhost', async () => {
  const app = await startTestApp()
  const answer = await post(app.url, { query: '{ __typename }' })
  await app.close()
  expect([answer.status, answer.headers.get('strict-transport-security')]).toEqual([200, null])
})

describe('with its own certificate', () => {
  let folder: string
  let app: TestApp
  const file = (name: string) => join(folder, name)

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gatehouse-tls-'))
    for (const name of ['first', 'second']) makeCertificate(folder, name)
    install('first')
    const tls = { TLS_CERT_FILE: file('cert.pem'), TLS_KEY_FILE: file('key.pem') }
    app = await startTestApp({ env: { ...PRODUCTION, TRUST_PROXY: 'false', ...tls } })
  })
  afterAll(async () => {
    await app.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each([
    ['TLS_CERT_FILE', 'no-file.pem', 'key.pem', /TLS_CERT_FILE: the file cannot be read \(ENOENT\)/],
    ['TLS_KEY_FILE', 'cert.pem', 'no-file.pem', /TLS_KEY_FILE: the file cannot be read \(ENOENT\)/],
    ['both', 'cert.pem', 'second.key', /TLS_CERT_FILE: the file and TLS_KEY_FILE are no PEM pair/],
  ])('a file that TLS cannot use is a wrong configuration, and named: %s', async (_name, cert, key, problem) => {
    const tls = { TLS_CERT_FILE: file(cert), TLS_KEY_FILE: file(key) }
    const failure = await startTestApp({ env: { ...PRODUCTION, ...tls } }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ConfigError)
    expect(String((failure as ConfigError).problems)).toMatch(problem)
  })

  function install(name: string): void {
    copyFileSync(file(`${name}.key`), file('key.pem'))
    copyFileSync(file(`${name}.crt`), file('cert.pem'))
  }

  async function handshake(options: object = {}): Promise<{ name: string | undefined; protocol: string | null }> {
    const socket: TLSSocket = connect({
      port: app.config.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...options,
    })
    await once(socket, 'secureConnect')
    const [name, protocol] = [socket.getPeerCertificate().subject.CN, socket.getProtocol()]
    socket.destroy()
    return { name: String(name), protocol }
  }

  test('it answers by TLS 1.3 or 1.2, and by nothing older', async () => {
    expect(app.url).toMatch(/^https:/)
    expect(await handshake()).toEqual({ name: 'first', protocol: 'TLSv1.3' })
    expect(await handshake({ maxVersion: 'TLSv1.2' })).toEqual({ name: 'first', protocol: 'TLSv1.2' })
    await expect(
      handshake({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
    ).rejects.toThrow()
  })

  test('what comes by it is https, without any proxy', async () => {
    const request = httpsRequest(`${app.url}/.well-known/jwks.json`, { rejectUnauthorized: false, agent: false }).end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.resume()
    expect(response.statusCode).toBe(200)
    expect(response.headers['strict-transport-security']).toContain('max-age=63072000')
  })

  test('a half-written certificate leaves the old one in use; a renewed one is taken over without a restart', async () => {
    writeFileSync(file('cert.pem'), '-----BEGIN CERTIFICATE-----\n')
    await logged('certificate_refused')
    expect((await handshake()).name).toBe('first')
    install('second')
    await logged('certificate_reloaded')
    expect((await handshake()).name).toBe('second')
  })

  /** The files are looked at every five seconds. */
  async function logged(event: string): Promise<void> {
    while (!app.log.some((line) => line.event === event)) await new Promise((done) => setTimeout(done, 50))
  }
})
