import { login } from '../../src/services/login'
import { updateProfile } from '../../src/services/updateProfile'
import { viewerOf } from '../../src/services/viewerOf'
import type { ClientInfo } from '../../src/services/deps'
import { createLogger } from '../../src/ops/logger'
import { type TestApp, startTestApp } from '../support/app'
import { PASSWORD, verifiedPerson } from '../support/people'

let app: TestApp
beforeAll(async () => {
  app = await startTestApp()
})
afterAll(() => app.close())

const client: ClientInfo = {
  ...{
    ipAddress: '192.0.2.7',
    networks: [],
    userAgent: null,
    locale: 'en',
    requestId: '01a20000-0000-7000-8000-000000000001',
  },
  log: createLogger({ level: 'silent', pretty: false }),
  signal: new AbortController().signal,
}

const FIELDS = ['createdAt', 'displayName', 'email', 'emailVerifiedAt', 'id', 'locale']

test('an account that an operation returns has its public fields alone: no hash, no pending address', async () => {
  const { deps } = app.app
  const email = await verifiedPerson(app)
  const { account, tokens } = await login(deps, client, { email, password: PASSWORD, cookieToken: null })
  const viewer = await viewerOf(deps, tokens.accessToken)
  const updated = await updateProfile(deps, { client, viewer }, { displayName: 'Ada' })
  const unchanged = await updateProfile(deps, { client, viewer }, { displayName: 'Ada' })
  for (const returned of [account, viewer.account, updated, unchanged]) {
    expect(Object.keys(returned).sort()).toEqual(FIELDS)
  }
})
