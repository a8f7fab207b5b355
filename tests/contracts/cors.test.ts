import { type TestApp, startTestApp } from '../support/app'
import { BY_TLS, PRODUCTION } from '../support/production'

let production: TestApp
let development: TestApp
beforeAll(async () => {
  production = await startTestApp({ env: PRODUCTION })
  development = await startTestApp()
})
afterAll(async () => {
  await production.close()
  await development.close()
})

const PREFLIGHT = {
  'access-control-request-method': 'POST',
  'access-control-request-headers': 'content-type,authorization',
}

async function asked(app: TestApp, origin: string, method: 'OPTIONS' | 'POST' = 'POST') {
  const { status, headers } = await fetch(`${app.url}/graphql`, {
    method,
    headers: { ...BY_TLS, origin, ...(method === 'OPTIONS' ? PREFLIGHT : { 'content-type': 'application/json' }) },
    ...(method === 'POST' ? { body: '{"query":"{ __typename }"}' } : {}),
  })
  return {
    status,
    origin: headers.get('access-control-allow-origin'),
    credentials: headers.get('access-control-allow-credentials'),
    methods: headers.get('access-control-allow-methods'),
    vary: headers.get('vary')?.toLowerCase() ?? '',
    headers,
  }
}

describe('in production', () => {
  test.each(['https://app.example.com', 'https://auth.example.com'])('%s may call', async (origin) => {
    expect(await asked(production, origin)).toMatchObject({ status: 200, origin, credentials: 'true' })
    const preflight = await asked(production, origin, 'OPTIONS')
    expect(preflight).toMatchObject({ status: 204, origin, credentials: 'true', methods: 'GET, POST' })
  })

  test.each([
    'https://evil.example',
    'null',
    'https://app.example.evil.com',
    'https://app.example.com.evil.com',
    'https://xapp.example.com',
    'https://x.app.example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://app.example.com/',
    'https://APP.example.com',
    'http://localhost:3000',
    'https://studio.apollographql.com',
    '*',
    '',
  ])('%s may not', async (origin) => {
    for (const method of ['POST', 'OPTIONS'] as const) {
      expect(await asked(production, origin, method)).toMatchObject({ origin: null, credentials: null, methods: null })
    }
  })

  test('every answer varies by Origin, whoever asked, so that no cache gives it to another', async () => {
    for (const origin of ['https://app.example.com', 'https://evil.example']) {
      for (const method of ['POST', 'OPTIONS'] as const) {
        expect((await asked(production, origin, method)).vary).toContain('origin')
      }
    }
    const { headers } = await fetch(`${production.url}/api/auth/me`, { headers: BY_TLS })
    expect(headers.get('vary')?.toLowerCase()).toContain('origin')
  })

  test('a script may read when to try again, and the id of its request', async () => {
    const { headers } = await asked(production, 'https://app.example.com')
    expect(headers.get('access-control-expose-headers')).toBe('retry-after, x-request-id')
  })

  test('a failure can be read by an allowed origin too', async () => {
    const { headers } = await fetch(`${production.url}/nowhere`, {
      headers: { ...BY_TLS, origin: 'https://app.example.com' },
    })
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example.com')
  })
})

describe('in development', () => {
  test.each(['http://localhost:5173', 'http://127.0.0.1:3000', 'https://studio.apollographql.com'])(
    '%s may call',
    async (origin) => {
      expect(await asked(development, origin)).toMatchObject({ status: 200, origin, credentials: 'true' })
    },
  )

  test.each(['http://localhost.evil.example', 'http://localhost:3000.evil.example', 'https://evil.example', 'null'])(
    '%s may not',
    async (origin) => {
      expect(await asked(development, origin)).toMatchObject({ origin: null, credentials: null })
    },
  )
})
