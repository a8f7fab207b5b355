import type { Browser, CDPSession, Page } from 'playwright-core'
import { describeInBrowser, launchBrowser, openWatched, startInboxApp } from './support'
import { type TestApp } from '../support/app'
import { call } from '../support/client'
import { PASSWORD, loggedIn, someone } from '../support/people'

interface Started {
  challenge: string
  options: Record<string, unknown>
}
type Json = Record<string, unknown>

describeInBrowser('passkeys of real Chromium', () => {
  let app: TestApp
  let browser: Browser
  let page: Page
  let cdp: CDPSession
  beforeAll(async () => {
    app = await startInboxApp()
    browser = await launchBrowser()
    const window = await openWatched(browser)
    page = window.page
    await page.goto(`${app.config.publicUrl}/verify-email`)
    cdp = await window.context.newCDPSession(page)
    await cdp.send('WebAuthn.enable')
  })
  afterAll(async () => {
    await browser.close()
    await app.close()
  })

  async function authenticator(transport: 'internal' | 'usb', synced: boolean): Promise<string> {
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        ...{ protocol: 'ctap2', ctap2Version: 'ctap2_1', transport, hasResidentKey: true, hasUserVerification: true },
        ...{ isUserVerified: true, automaticPresenceSimulation: true },
        ...{ defaultBackupEligibility: synced, defaultBackupState: synced },
      },
    })
    return authenticatorId
  }
  const credentials = async (authenticatorId: string) =>
    (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials

  // As text: the types of a page's globals are not those of the tests.
  const create = (options: Json) =>
    page.evaluate<Json>(`(async () => {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(${JSON.stringify(options)})
      return (await navigator.credentials.create({ publicKey })).toJSON()
    })()`)
  const get = (options: Json, mediation: 'optional' | 'conditional' = 'optional') =>
    page.evaluate<Json>(`(async () => {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(${JSON.stringify(options)})
      return (await navigator.credentials.get({ publicKey, mediation: '${mediation}' })).toJSON()
    })()`)

  async function account(): Promise<{ email: string; token: string }> {
    const email = someone()
    await call(app.url, 'register', { email, password: PASSWORD })
    const token = await mailedToken(email)
    await call(app.url, 'verifyEmail', { token })
    return { email, token: (await loggedIn(app, email)).tokens.accessToken }
  }
  async function mailedToken(to: string): Promise<string> {
    for (;;) {
      const query = `{ devInbox(to: "${to}") { token } }`
      const answer = await fetch(`${app.url}/graphql`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query }) },
      })
      const { data } = (await answer.json()) as { data: { devInbox: { token: string }[] } }
      const [mail] = data.devInbox
      if (mail) return mail.token
    }
  }
  const started = async (name: 'startPasskeyLogin' | 'startPasskeyRegistration', token = '') =>
    (await call(app.url, name, undefined, token === '' ? {} : { token })).data as unknown as Started
  async function add(token: string): Promise<{ id: string; synced: boolean }> {
    const { challenge, options } = await started('startPasskeyRegistration', token)
    const answer = await call(app.url, 'registerPasskey', { challenge, response: await create(options) }, { token })
    expect(answer.code).toBe('SUCCESS')
    return answer.data.passkey as { id: string; synced: boolean }
  }
  async function logIn(mediation: 'optional' | 'conditional' = 'optional') {
    const { challenge, options } = await started('startPasskeyLogin')
    return call(app.url, 'loginWithPasskey', { challenge, response: await get(options, mediation) })
  }

  test('a synced passkey logs in by a button and by conditional mediation, and is excluded from being added twice', async () => {
    const device = await authenticator('internal', true)
    const { email, token } = await account()
    expect(await add(token)).toMatchObject({ synced: true })
    expect((await logIn()).data).toMatchObject({ user: { email }, session: { assuranceLevel: 2 } })
    expect((await logIn('conditional')).data).toMatchObject({ user: { email } })
    const { options } = await started('startPasskeyRegistration', token)
    await expect(create(options)).rejects.toThrow('InvalidStateError')
    await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: device })
  })

  test('a security key is the second factor of a password, and once removed it is signalled away', async () => {
    const device = await authenticator('usb', false)
    const { email, token } = await account()
    const { id } = await add(token)
    const login = await call(app.url, 'login', { email, password: PASSWORD })
    const { challenge, passkeyOptions } = login.data as { challenge: string; passkeyOptions: Json }
    const second = await call(app.url, 'verifySecondFactor', { challenge, passkey: await get(passkeyOptions) })
    expect(second.data).toMatchObject({ session: { assuranceLevel: 2 } })

    expect(await credentials(device)).toHaveLength(1)
    const removed = await call(app.url, 'removePasskey', { passkeyId: id }, { token })
    expect(removed.code).toBe('SUCCESS')
    const refused = await logIn()
    const { unknownCredentialId } = refused.data as { unknownCredentialId: string }
    expect(refused.code).toBe('INVALID_CREDENTIALS')
    const signal = JSON.stringify({ rpId: 'localhost', credentialId: unknownCredentialId })
    await page.evaluate(`PublicKeyCredential.signalUnknownCredential(${signal})`)
    expect(await credentials(device)).toEqual([])
    await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: device })
  })

  test('a copy with a lower counter is refused', async () => {
    const device = await authenticator('internal', false)
    const { token } = await account()
    await add(token)
    for (let n = 0; n < 3; n += 1) expect((await logIn()).code).toBe('SUCCESS')
    const [credential] = await credentials(device)
    if (!credential) throw new Error('The authenticator has no credential')
    await cdp.send('WebAuthn.removeCredential', { authenticatorId: device, credentialId: credential.credentialId })
    await cdp.send('WebAuthn.addCredential', { authenticatorId: device, credential: { ...credential, signCount: 1 } })
    expect((await logIn()).code).toBe('INVALID_CREDENTIALS')
    await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: device })
  })
})
