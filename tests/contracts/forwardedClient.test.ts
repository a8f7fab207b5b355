import { v7 as uuidv7 } from 'uuid'
import { OPERATOR } from '../../src/config/operatorDefaults'
import { newServiceKey } from '../../src/crypto/serviceKey'
import { createServiceKey } from '../../src/services/createServiceKey'
import { revokeServiceKey } from '../../src/services/revokeServiceKey'
import { type TestApp, startTestApp } from '../support/app'
import { DOORS, call, me, post, rest } from '../support/client'
import { operate } from '../support/operators'
import { PASSWORD, verifiedPerson } from '../support/people'

/** The budget of verifyEmail for one address: no hash, no mail, one line. */
const BUDGET = 30

let app: TestApp
const ENV = { RATE_LIMITS: 'on', NODE_ENV: 'test', OPERATOR_API: 'on' }
beforeAll(async () => {
  app = await startTestApp({ env: ENV, periodic: false })
})
afterAll(() => app.close())

const system = () => ({ kind: 'cli', ipAddress: null, userAgent: null, log: app.app.deps.logger }) as const

async function keyWith(scopes: string[], allowedIps: string[] = []): Promise<{ key: string; id: string }> {
  const input = { name: 'shop', scopes, days: 1, allowedIps }
  const { key, serviceKey } = await createServiceKey(app.app.deps, system(), input)
  return { key, id: serviceKey.id }
}
const forwarding = (key: string, address: string) => ({
  'gatehouse-service-key': key,
  'gatehouse-client-address': address,
})
const verify = (headers: Record<string, string>) => call(app.url, 'verifyEmail', { token: 'x' }, { headers })

test('each user of a service has a budget of their own, by either door', async () => {
  const { key } = await keyWith(['client:forward'])
  const codes = await Promise.all(
    Array.from({ length: BUDGET + 5 }, async () => (await verify(forwarding(key, '203.0.113.1'))).code),
  )
  expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(5)
  const headers = forwarding(key, '203.0.113.2')
  expect((await verify(headers)).code).toBe('INVALID_TOKEN')
  expect((await rest(app.url, 'verifyEmail', { token: 'x' }, { headers })).code).toBe('INVALID_TOKEN')
  const spent = { headers: forwarding(key, '::ffff:203.0.113.1') }
  expect((await rest(app.url, 'verifyEmail', { token: 'x' }, spent)).code).toBe('RATE_LIMITED')
})

test.each(DOORS)('a session has the address and the device of the user (%s)', async (_door, door) => {
  const { key } = await keyWith(['client:forward'])
  const email = await verifiedPerson(app)
  const headers = { ...forwarding(key, '2001:DB8::00ff'), 'user-agent': 'Safari on the phone of Ada' }
  const { data } = await door(app.url, 'login', { email, password: PASSWORD }, { headers })
  expect(data.session).toMatchObject({ ipAddress: '2001:db8::ff', userAgent: 'Safari on the phone of Ada' })
})

test('an address without a key changes nothing', async () => {
  const email = await verifiedPerson(app)
  const headers = { 'gatehouse-client-address': '203.0.113.9' }
  const { data } = await call(app.url, 'login', { email, password: PASSWORD }, { headers })
  expect(data.session).toMatchObject({ ipAddress: '127.0.0.1' })
})

describe('a key that may not name addresses is refused before anything else happens', () => {
  test.each([
    ['of another scope', () => keyWith(['users:read']), 403, 'FORBIDDEN'],
    ['that may not be used from here', () => keyWith(['client:forward'], ['10.0.0.0/8']), 401, 'UNAUTHENTICATED'],
    ['that nobody made', () => Promise.resolve({ key: newServiceKey(uuidv7()) }), 401, 'UNAUTHENTICATED'],
    ['that is none', () => Promise.resolve({ key: 'secret' }), 401, 'UNAUTHENTICATED'],
  ])('%s', async (_kind, make, status, code) => {
    const { key } = await make()
    for (const door of [call, rest]) {
      const answer = await door(app.url, 'verifyEmail', { token: 'x' }, { headers: forwarding(key, '203.0.113.1') })
      expect(answer).toMatchObject({ status, code })
    }
  })

  test('that was revoked', async () => {
    const { key, id } = await keyWith(['client:forward'])
    await revokeServiceKey(app.app.deps, system(), id)
    expect((await verify(forwarding(key, '203.0.113.1'))).code).toBe('UNAUTHENTICATED')
  })

  test('many unknown keys spend a budget', async () => {
    const probed = await startTestApp({ env: ENV, periodic: false })
    const input = { name: 'shop', scopes: ['client:forward'], days: 1, allowedIps: [] }
    const { key } = await createServiceKey(probed.app.deps, system(), input)
    const verifyBy = (key: string) =>
      call(probed.url, 'verifyEmail', { token: 'x' }, { headers: forwarding(key, '203.0.113.1') })
    expect((await verifyBy(key)).code).toBe('INVALID_TOKEN')
    const headers = forwarding(newServiceKey(uuidv7()), '203.0.113.1')
    const answers = []
    for (let count = 0; count <= OPERATOR.unknownKeysPerMinute; count += 1)
      answers.push(await call(probed.url, 'verifyEmail', { token: 'x' }, { headers }))
    // The service's own key is told from those that somebody invents at its address.
    expect((await verifyBy(key)).code).toBe('INVALID_TOKEN')
    await probed.close()
    expect(answers.at(-1)).toMatchObject({ status: 429, code: 'RATE_LIMITED' })
    expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})

test.each([['nothing'], ['10.0.0.256'], ['localhost'], ['203.0.113.1, 203.0.113.2']])(
  'a key with %s as address is refused with the reason',
  async (address) => {
    const { key } = await keyWith(['client:forward'])
    const headers = { ...forwarding(key, address), ...(address === 'nothing' && { 'gatehouse-client-address': '' }) }
    const answer = await verify(headers)
    expect(answer).toMatchObject({ status: 400, code: 'BAD_REQUEST' })
    expect(answer.text).toContain('Gatehouse-Client-Address')
  },
)

test('the operator API does not believe it: an address there decides which keys may be used', async () => {
  const forwards = await keyWith(['client:forward'])
  const bound = await keyWith(['users:read'], ['203.0.113.1'])
  const response = await fetch(`${app.url}/operator/graphql`, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', authorization: `Bearer ${bound.key}` },
      ...forwarding(forwards.key, '203.0.113.1'),
    },
    body: JSON.stringify({ query: '{ users { edges { cursor } } }' }),
  })
  expect(await response.text()).toContain('UNAUTHENTICATED')
  expect((await operate(app.url, '{ result: roles { name } }', { token: forwards.key })).code).toBe('FORBIDDEN')
})

test('the key opens nothing of the public API: a call for a user needs the token of that user', async () => {
  const { key } = await keyWith(['client:forward'])
  expect((await me(app.url, { token: key, headers: forwarding(key, '203.0.113.1') })).code).toBe('UNAUTHENTICATED')
  const answer = await post(app.url, { query: '{ me { id } }' }, { headers: forwarding(key, '203.0.113.1') })
  expect(await answer.json()).toMatchObject({ data: { me: null } })
})
